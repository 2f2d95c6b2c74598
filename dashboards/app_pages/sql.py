"""An editor on the published tables: read-only, with its dictionary beside it, and with limits."""

import hashlib
from typing import Literal

import polars as pl
import streamlit as st

from dashboards.access.audit_log import record
from dashboards.access.roles import ANALYST_PHI, ROLES, Sight, current_viewer
from dashboards.figures.quick_chart import KINDS, MAX_GROUPS, measures, quick_chart
from dashboards.figures.wording import as_plain_markdown
from dashboards.home import home
from dashboards.layout.exports import CSV, PARQUET, XLSX, offer
from dashboards.layout.page import empty, open_page
from dashboards.layout.typed import typed
from dashboards.sandbox.completion import complete_names
from dashboards.sandbox.examples import WITH_PATIENTS, WITHOUT_PATIENTS
from dashboards.sandbox.nothing_found import compared, is_nothing, reasons
from dashboards.sandbox.runner import MAX_BYTES, MAX_ROWS, MAX_SECONDS, Answer, Busy, Query, start
from dashboards.sandbox.saved_queries import delete_query, save_query, saved_queries
from dashboards.sandbox.vocabulary import DESCRIBED, matching, meant, meant_columns
from dashboards.store.published import Publication, ask
from dashboards.store.scope import Scope, published_file
from models.audit_log.signs import FORBIDDEN
from models.published import PUBLISHED
from models.wording import counted

TEXT, RUNNING, ANSWER, CHOSEN = "sql_text", "sql_running", "sql_answer", "sql_chosen"
TABLE, FOUND_BY = "sql_table", "sql_found_by"
# Seconds to wait before the page offers to stop a query; most have ended by then.
AT_ONCE_SECONDS = 1.5
MOST_AT_ONCE = 12
LONGEST_QUERY = 20_000
PATIENT_KEYS = {"patient_key", "left_patient_key", "right_patient_key"}
FIRST_TABLES = ("marts.fct_kpis", "marts.fct_appointments")

TABLES = "select table_name, grain, n_rows, description from catalog.tables order by table_name"
COLUMNS = "select column_name, data_type, description, allowed_values from catalog.columns where table_name = ? order by position"
KPIS = """
    select cast(? as varchar) as table_name, 'kpi_code ' || kpi_code as column_name, kpi_name || '. ' || formula as description
    from marts.dim_kpis
    order by display_order
"""
TABLES_OF_KPIS = ("marts.fct_kpis", "marts.dim_kpis")
"""A KPI is rows of the first, and a row of the other, which the de-identified file has too."""
VALUES = (
    "select table_name, column_name, data_type, phi, allowed_values from catalog.columns "
    "where list_contains(string_split(?, ' '), table_name)"
)
MOST_KPIS, MOST_FOUND = 3, 100
MOST_VALUES = 20
"""Values of a column that are looked up and named; one with more is no list of choices."""

viewer = current_viewer()
saved_in = home() / "queries"


def _browser(publication: Publication, sight: Sight) -> None:
    """The dictionary: a table with its columns, or the KPIs, tables and columns that match a word; the first of these tables is
    then shown."""
    is_bare = sight is Sight.DEIDENTIFIED
    tables = ask(publication, TABLES, without_patients=is_bare)
    described = {row["table_name"]: row for row in tables.iter_rows(named=True)}
    names = list(described)
    if st.session_state.get(TABLE) not in names:
        st.session_state[TABLE] = next((one for one in FIRST_TABLES if one in names), names[0])
    word = typed("Find a table, KPI or column", 60, placeholder="denials, collections, lead time …", key="sql_find")
    is_new_word = word != st.session_state.get(FOUND_BY, "")
    st.session_state[FOUND_BY] = word
    if word.strip():
        kpis = ask(publication, KPIS, (next(one for one in TABLES_OF_KPIS if one in names),), without_patients=is_bare)
        described_as = matching(ask(publication, DESCRIBED, without_patients=is_bare), word)
        found = pl.concat([matching(kpis, word).head(MOST_KPIS), described_as.head(MOST_FOUND)])
        if is_new_word and len(described_as):
            st.session_state[TABLE] = described_as["table_name"][0]
        if found.is_empty():
            st.caption("No table, KPI or column has these words in its name or description.")
        else:
            st.dataframe(
                found,
                hide_index=True,
                height=_height(found),
                placeholder="",
                column_config={"table_name": "Table", "column_name": "Column", "description": "What it says"},
            )
    table = st.selectbox("Table", names, key=TABLE)
    st.caption(f"{described[table]['description']} {described[table]['n_rows']:,} rows.")
    columns = ask(publication, COLUMNS, (table,), without_patients=is_bare)
    st.dataframe(
        columns,
        hide_index=True,
        height=_height(columns),
        placeholder="",
        column_config={
            "column_name": st.column_config.TextColumn("Column", width=130),
            "data_type": st.column_config.TextColumn("Type", width=85),
            "description": st.column_config.TextColumn("What it says", width="large"),
            "allowed_values": "One of",
        },
    )
    st.button("Look at this table", icon=":material/table_view:", on_click=_put, args=(f"select *\nfrom {table}\nlimit 100",))
    complete_names(_names(publication, is_bare))


def _names(publication: Publication, is_bare: bool) -> list[str]:
    """Every table, with and without its schema, then every column."""
    described = ask(publication, DESCRIBED, without_patients=is_bare)
    tables = sorted(set(described["table_name"]))
    return [*(table.partition(".")[2] for table in tables), *tables, *sorted(set(described["column_name"].drop_nulls()))]


def _begin(examples: dict[str, str]) -> None:
    """The examples, one touch each: in sight while nothing has been written, then behind a heading."""
    is_blank = not st.session_state.get(TEXT)
    with st.expander("Examples: each takes the place of what is written", expanded=is_blank), st.container(horizontal=True):
        for name, query in examples.items():
            st.button(name, key=f"sql_example_{name}", on_click=_put, args=(query,))


def _put(query: str) -> None:
    st.session_state[TEXT] = query


def _choose(examples: dict[str, str]) -> None:
    name = st.session_state[CHOSEN]
    if name:
        _put((saved_queries(saved_in, viewer.user_id) | examples)[name])


def _saved(examples: dict[str, str]) -> None:
    """Choose, save or delete a query."""
    own = saved_queries(saved_in, viewer.user_id)
    choice, keep, away = st.columns([4, 1, 1], vertical_alignment="bottom")
    choice.selectbox(
        "Saved queries",
        [*own, *examples],
        index=None,
        placeholder="Yours and examples",
        key=CHOSEN,
        on_change=_choose,
        args=(examples,),
    )
    with keep.popover("Save", icon=":material/bookmark_add:", width="stretch"):
        name = typed("Name", 80, key="sql_name")
        if st.button("Save this query", type="primary"):
            try:
                save_query(saved_in, viewer.user_id, name, st.session_state.get(TEXT, ""))
            except ValueError as why:
                st.error(str(why))
            else:
                st.toast("Saved.", icon=":material/bookmark_added:")
                st.rerun()
    chosen = st.session_state.get(CHOSEN)
    if away.button("Delete", icon=":material/delete:", disabled=chosen not in own, width="stretch") and chosen:
        delete_query(saved_in, viewer.user_id, chosen)
        st.rerun()


def _start(publication: Publication, sight: Sight) -> None:
    """Record the query, then start it. Its text may contain a name, so it is recorded as a digest and sealed."""
    query = st.session_state.get(TEXT, "")
    digest = hashlib.sha256(query.encode()).hexdigest()[:16]
    record("queried", subject=f"{sight} {digest} {publication.id}", text=query)
    spool = saved_in / "running"
    spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        running = start(published_file(publication.folder, Scope(sight, None)), query, user_id=viewer.user_id, beside=spool)
    except Busy as why:
        st.session_state[ANSWER] = (digest, Answer(problem=str(why)))
    else:
        st.session_state[ANSWER] = None
        st.session_state[RUNNING] = (digest, running)


def _finish(digest: str, running: Query) -> None:
    """Record the result before it is shown."""
    answer = running.answer()
    if answer.rows is None:
        record("query_refused", subject=f"{digest} {FORBIDDEN}" if answer.is_forbidden else digest)
    else:
        tables = " ".join(answer.tables)
        record("query_answered", subject=f"{digest} {tables}", n_rows=len(answer.rows), patients=patients_in(answer))
    st.session_state[RUNNING] = None
    st.session_state[ANSWER] = (digest, answer)


def patients_in(answer: Answer) -> set[int]:
    """The patients whose keys are in an answer; keys of the de-identified file identify nobody."""
    if answer.rows is None:
        return set()
    return {key for name in answer.rows.columns if name in PATIENT_KEYS for key in answer.rows[name] if isinstance(key, int)}


@st.fragment(run_every=0.5)
def _running(digest: str, running: Query) -> None:
    if running.wait(0.05):
        st.rerun(scope="app")
    st.progress(min(running.seconds / MAX_SECONDS, 1.0), text=f"Running for {running.seconds:.0f} of {MAX_SECONDS} seconds")
    if st.button("Stop the query", icon=":material/stop_circle:", type="primary", key="sql_stop"):
        running.stop()
        st.rerun(scope="app")


def _show(answer: Answer) -> None:
    if answer.rows is None:
        # An error quotes the query, so it is shown as text, not Markdown: no picture is fetched.
        problem = answer.problem
        if answer.unknown:
            problem += f" {_instead_of(answer.unknown)}"
        elif answer.unknown_column:
            problem += f" {_instead_of_column(answer.unknown_column, answer.tables)}"
        st.error(as_plain_markdown(problem).replace("\n", "  \n"), icon=":material/error:")
        return
    rows = answer.rows
    most = f"at most {MAX_ROWS:,} rows and {MAX_BYTES // 2**20} MB; add conditions or sums to see all that you need"
    cut = f", the first: {most}" if answer.is_cut else ""
    st.caption(f"{counted(len(rows), 'row')}{cut} · {answer.seconds:.1f} seconds")
    if is_nothing(rows):
        query = st.session_state.get(TEXT, "")
        found = reasons(query, _values(query, answer.tables))
        why = " ".join(found) or "Look at the values that a column has with `select …, count(*) … group by all`."
        bare = " The de-identified file holds one year that is over, and a table has no rows where its source was thin."
        empty(f"Nothing matched. {as_plain_markdown(why)}{bare if sight is Sight.DEIDENTIFIED else ''}")
    if rows.is_empty():
        return
    as_table, as_chart = st.tabs(["Table", "Chart"])
    with as_table:
        days = {name: st.column_config.DateColumn() for name, dtype in rows.schema.items() if dtype == pl.Date}
        st.dataframe(
            rows,
            hide_index=True,
            height=_height(rows),
            placeholder="null",
            column_config=days,
            alt="The query's rows.",
        )
        offer(rows, "query_result", formats=(CSV, XLSX, PARQUET), patients=patients_in(answer))
    with as_chart:
        _chart(rows)


def _instead_of(unknown: str) -> str:
    """What to ask in place of a table that is not there: who may query it, if the de-identified file leaves it out; else those
    that may be meant."""
    if sight is Sight.DEIDENTIFIED and (whole := [one for one in PUBLISHED if unknown in (one, one.partition(".")[2])]):
        turn = (
            "Switch on With patient data" if viewer.may_see_patients else f"Ask somebody of the role {ROLES[ANALYST_PHI].title}"
        )
        return (
            f"{' and '.join(whole)} is in the whole warehouse alone: the de-identified file holds rows of persons of one year, "
            f"and no counts, sites or work lists. {turn} to query it."
        )
    tables = meant(ask(publication, DESCRIBED, without_patients=sight is Sight.DEIDENTIFIED), unknown)
    return f"Did you mean {' or '.join(tables)}?" if tables else "catalog.tables lists what there is."


def _instead_of_column(unknown: str, tables: tuple[str, ...]) -> str:
    """The columns that may be meant, then all of those tables. DuckDB takes a text in double quotes for a column."""
    described = ask(publication, DESCRIBED, without_patients=sight is Sight.DEIDENTIFIED)
    near = meant_columns(described, unknown, tables)
    said = [f"Did you mean {' or '.join(near)}?"] if near else []
    if f'"{unknown}"' in st.session_state.get(TEXT, ""):
        said.append(f"A text stands in single quotes: '{unknown}'.")
    for table in tables:
        columns = described.filter((pl.col("table_name") == table) & pl.col("column_name").is_not_null())["column_name"]
        said.append(f"\n{table} has {', '.join(columns)}.")
    return " ".join(said)


def _values(query: str, tables: tuple[str, ...]) -> dict[str, list[str]]:
    """Of each column that the query compares with a text, the values that it may have, or those that it has, where these are few
    and identify nobody."""
    is_bare = sight is Sight.DEIDENTIFIED
    known: dict[str, list[str]] = {}
    columns = ask(publication, VALUES, (" ".join(tables),), without_patients=is_bare)
    for row in columns.filter(pl.col("column_name").is_in(list(compared(query)))).iter_rows(named=True):
        name, table = row["column_name"], row["table_name"]
        if row["allowed_values"]:
            values = [value.strip() for value in row["allowed_values"].split(",")]
        elif row["phi"] != "direct" and row["data_type"] == "VARCHAR":
            had = f'select distinct "{name}" from {table} where "{name}" is not null limit {MOST_VALUES + 1}'
            values = ask(publication, had, without_patients=is_bare)[name].to_list()
        else:
            continue
        if row["allowed_values"] or len(values) <= MOST_VALUES:
            known.setdefault(name, []).extend(value for value in values if value not in known.get(name, []))
    return known


def _height(rows: pl.DataFrame) -> Literal["content"] | int:
    """The height of a table: all its rows, or a scrolling window."""
    return "content" if len(rows) <= MOST_AT_ONCE else 420


def _chart(rows: pl.DataFrame) -> None:
    numbers = measures(rows)
    if not numbers:
        empty("A chart needs a column of numbers.")
        return
    across, up, kind, colour = st.columns(4)
    x = across.selectbox("Across", rows.columns, key="sql_x")
    y = up.selectbox("Upright", numbers, index=len(numbers) - 1, key="sql_y")
    usual = "Line" if rows.schema[x].is_temporal() else "Bar"
    shape = kind.selectbox("Kind", KINDS, index=KINDS.index(usual), key=f"sql_kind_{usual}")
    others = [name for name in rows.columns if name not in (x, y)]
    group = colour.selectbox("Colour", others, index=None, placeholder="One", key="sql_colour") if others else None
    st.plotly_chart(quick_chart(rows, shape, x, y, group), key="sql_chart", alt=f"{shape} chart of {y} over {x}.")
    if group and rows[group].n_unique() > MAX_GROUPS:
        st.caption(f"The first {MAX_GROUPS} values of {as_plain_markdown(group)} are drawn.")


publication = open_page(
    "SQL",
    f"Query the published tables. Read-only: one SELECT at a time, at most {MAX_ROWS:,} rows and {MAX_SECONDS} seconds.",
    is_exported=False,
)
sight = viewer.sight
if viewer.may_see_patients:
    with_patients = st.toggle(
        "With patient data", value=True, key="sql_patients", help="Without it, queries run on the de-identified file."
    )
    sight = Sight.FULL if with_patients else Sight.DEIDENTIFIED
if sight is Sight.DEIDENTIFIED:
    st.caption(
        "De-identified file: rows of one year that is over; no days, names, sites or clinicians, and no counts beside them; "
        "keys join within this publication only. Do not publish a count of 1 to 10 persons.",
    )
st.html("<style>textarea[aria-label='Query'] { font-family: monospace; font-size: 0.9rem; }</style>")
editor, browser = st.columns([3, 2], gap="medium")
with browser:
    _browser(publication, sight)
with editor:
    examples = WITHOUT_PATIENTS if sight is Sight.DEIDENTIFIED else WITH_PATIENTS
    _saved(examples)
    _begin(examples)
    typed("Query", LONGEST_QUERY, is_area=True, key=TEXT, height=240, placeholder="select …")
    is_too_long = len(st.session_state[TEXT] or "") > LONGEST_QUERY
    if st.button("Run", disabled=is_too_long, icon=":material/play_arrow:", type="primary", shortcut="Ctrl+Enter", key="sql_run"):
        if st.session_state.get(RUNNING):
            st.session_state[RUNNING][1].forget()
        _start(publication, sight)
    if st.session_state.get(RUNNING):
        if st.session_state[RUNNING][1].wait(AT_ONCE_SECONDS):
            _finish(*st.session_state[RUNNING])
        else:
            _running(*st.session_state[RUNNING])
    if st.session_state.get(ANSWER):
        _show(st.session_state[ANSWER][1])
