"""Search definitions and sources of KPIs, measures, tables and columns."""

from typing import Any

import polars as pl
import streamlit as st

from dashboards.access.roles import Sight, current_viewer
from dashboards.figures.languages import _, between, instant, many, sentence
from dashboards.figures.wording import as_plain_markdown, each, plain
from dashboards.layout.address import say_unknown
from dashboards.layout.exhibits import say, table
from dashboards.layout.page import current_sheet, empty, not_available, open_page
from dashboards.layout.typed import typed
from dashboards.sandbox.vocabulary import DESCRIBED, matching
from dashboards.store.published import Publication, ask
from models.wording import ABSENT, amount, span

_KPIS = "select * from marts.dim_kpis order by display_order"
_MEASURES = "select * from marts.dim_measures order by measure_code"
_TABLES = """
    select table_name, description, key_columns, n_rows, n_columns
    from catalog.tables
    order by list_position(['marts', 'delivery', 'ml', 'catalog'], split_part(table_name, '.', 1)), table_name
"""
_COLUMNS = """
    select table_name, column_name, data_type, description, allowed_values, refers_to, phi, is_required
    from catalog.columns
    order by table_name, position
"""
_UPSTREAM = """
    with recursive made_from as (
        select from_table, 1 as step from catalog.lineage where to_table = $1
        union
        select lineage.from_table, made_from.step + 1
        from made_from
        inner join catalog.lineage on made_from.from_table = lineage.to_table
        where made_from.step < 12
    )
    select lineage_tables.schema_name, made_from.from_table as table_name, lineage_tables.description, min(step) as step
    from made_from
    inner join catalog.lineage_tables on made_from.from_table = lineage_tables.table_name
    group by all
    order by step, table_name
"""
_DOWNSTREAM = """
    select lineage.to_table as table_name, lineage_tables.description
    from catalog.lineage
    inner join catalog.lineage_tables on lineage.to_table = lineage_tables.table_name
    where lineage.from_table = ? and lineage_tables.schema_name <> 'catalog'
    order by table_name
"""
_MODEL = "select table_name from catalog.lineage_tables where starts_with(table_name, ?)"
_ONE = "select sources, newest_exported_at from catalog.lineage_tables where table_name = ?"
_IN_SQL = """select first_month_on, last_month_on, numerator, denominator, value
from marts.fct_kpi_periods
where kpi_code = '{code}' and slice_type = 'all' and n_months = 3
order by last_month_on"""
_CHECKS = "select rule, status, n_rows from catalog.checks where table_name = ? order by rule"


def _defined(frame: pl.DataFrame, words: str, names: list[str], others: list[str]) -> pl.DataFrame:
    """The definitions that the words find in the columns `names` or `others`, those first whose names have them."""
    searched = {"table_name": pl.lit(""), "column_name": _text(names), "description": _text(others)}
    return matching(frame.with_columns(**searched), words)


def _text(columns: list[str]) -> pl.Expr:
    return pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in columns], separator=" ")


def _chosen(names: dict[str, str], key: str, label: str) -> str | None:
    """The chosen one of `names` (id → words), kept in the URL; by default the first."""
    if not names:
        empty(_("Nothing matches. Try fewer or other words."))
        return None
    say_unknown(key, names, names.__getitem__)
    return st.selectbox(label, list(names), format_func=lambda one: names[one], key=key, bind="query-params")


def _has_lineage() -> bool:
    """Whether the viewer's file has lineage; the de-identified one has not."""
    return current_viewer().sight is not Sight.DEIDENTIFIED


def _made(publication: Publication, name: str) -> None:
    """A table's sources, the tables that use it, and its checks."""
    _lineage(publication, name)
    used = ask(publication, _DOWNSTREAM, (name,))
    if not used.is_empty():
        say(_("**Used by** {tables}.", tables=", ".join(used["table_name"])))
    checks = ask(publication, _CHECKS, (name,))
    if not checks.is_empty():
        passed = _("{n} passed", n=f"{(checks['status'] == 'passed').sum():,}")
        with st.expander(f"{many('{n} check', '{n} checks', len(checks))}, {passed}"):
            heads = {"rule": _("What must be so"), "status": _("Outcome"), "n_rows": _("Rows")}
            st.dataframe(checks, hide_index=True, column_config=heads)


def _lineage(publication: Publication, made: str) -> None:
    """The lineage of `schema.table`, back to the delivered extracts."""
    facts = ask(publication, _ONE, (made,))
    upstream = ask(publication, _UPSTREAM, (made,))
    if facts.is_empty() or upstream.is_empty():
        st.caption(_("It does not use any delivered extract."))
        return
    sources, newest = facts.row(0)
    extracts = sources.split(", ") if sources else []
    say(_("**Made from** {extracts}.", extracts=as_plain_markdown(", ".join(extracts)) or _("reference data alone")))
    if newest:
        say(_("**Newest export among them** {at}.", at=instant(newest, publication.time_zone)))
    direct, further = (upstream.filter(is_direct) for is_direct in (pl.col("step") == 1, pl.col("step") > 1))
    say(_("**Directly from** {tables}.", tables=", ".join(f"`{name}`" for name in direct["table_name"])))
    if further.is_empty():
        return
    with st.expander(_("What these are made from: {tables}", tables=many("{n} table", "{n} tables", len(further)))):
        st.dataframe(
            further.select("schema_name", "table_name", "description"),
            hide_index=True,
            column_config={
                "schema_name": _("Layer"),
                "table_name": _("Table"),
                "description": st.column_config.TextColumn(_("What one row is"), width="large"),
            },
        )


def _facts(rows: dict[str, str | None]) -> None:
    there = {name: value for name, value in rows.items() if value not in (None, "", ABSENT)}
    st.markdown("\n".join(f"- **{name}:** {value}" for name, value in there.items()))
    for name, value in there.items():
        current_sheet().say(f"**{name}:** {value}")


def _heading(words: str) -> None:
    st.header(words, anchor=False)
    current_sheet().say(f"**{words}**")


def _kpis(publication: Publication, words: str) -> None:
    every = ask(publication, _KPIS)
    every = every.with_columns(said=each(every["kpi_name"], _), told=each(every["formula"], lambda formula: sentence(_(formula))))
    kpis = _defined(every, words, ["kpi_code", "said"], ["kpi_name", "told", "formula", "source"])
    names = dict(kpis.select("kpi_code", "said").iter_rows())
    code = _chosen(names, "kpi", f"{_('KPI')} ({len(names)})")
    if code is None:
        return
    kpi = kpis.row(by_predicate=pl.col("kpi_code") == code, named=True)
    with st.container(border=True):
        _heading(kpi["said"])
        if kpi["unavailable_reason"]:
            not_available(kpi["said"], kpi["unavailable_reason"])
        band = between(span(kpi["benchmark_low"], kpi["benchmark_high"], kpi["unit"]))
        _facts(
            {
                _("Formula"): kpi["told"],
                _("In detail"): kpi["exclusions"] and _(kpi["exclusions"]),
                _("Better when it is"): _(kpi["direction"]),
                _("Target"): amount(kpi["target"], kpi["unit"]),
                _("Benchmark"): f"{band} ({kpi['benchmark_year']})" if kpi["benchmark_year"] else None,
                _("Source of the definition"): kpi["source"],
                _("Where it departs"): kpi["departs"].removeprefix("Departs: "),
                _("Counts as final after"): many("{n} day", "{n} days", kpi["maturity_days"]),
            }
        )
        if _has_lineage():
            st.markdown(f"**{_('In SQL')}**")
            # Streamlit's colours of SQL have too little contrast (WCAG 2.2, 1.4.3), and a long line that scrolls takes no key.
            st.code(_IN_SQL.format(code=code), language=None, wrap_lines=True)
        if _has_lineage():
            _lineage(publication, f"intermediate.kpi_{code}")


def _measures(publication: Publication, words: str) -> None:
    every = ask(publication, _MEASURES)
    every = every.with_columns(said=each(every["title"], sentence))
    measures = _defined(every, words, ["measure_code", "said"], ["title", "steward"])
    names = {code: f"{code} {title}" for code, title in measures.select("measure_code", "said").iter_rows()}
    code = _chosen(names, "measure", f"{_('Measure')} ({len(names)})")
    if code is None:
        return
    measure = measures.row(by_predicate=pl.col("measure_code") == code, named=True)
    with st.container(border=True):
        _heading(names[code])
        if measure["unavailable_reason"]:
            not_available(code, measure["unavailable_reason"])
        youngest, oldest = measure["min_age"] or 0, measure["max_age"]
        ages = _("{first} to {last}", first=youngest, last=oldest) if oldest else _("{age} and over", age=youngest)
        _facts(
            {
                _("Steward"): measure["steward"],
                _("Version"): measure["measure_version"],
                _("Specification"): measure["canonical_url"] and f"`{measure['canonical_url']}`",
                _("Ages"): ages,
                _("Counted per"): measure["basis"] and _(plain(measure["basis"])),
                _("Lower is better"): _("yes") if measure["is_inverse"] else None,
                _("What closes it"): measure["next_action"] and sentence(measure["next_action"]),
                _("Caution"): measure["caution"],
            }
        )
        if _has_lineage():
            made = ask(publication, _MODEL, (f"intermediate.{code.lower()}_",))
            _lineage(publication, made.item(0, 0) if len(made) else "marts.fct_measure_results")


def _tables(publication: Publication, words: str) -> None:
    tables = ask(publication, _TABLES)
    if words.strip():
        found = matching(ask(publication, DESCRIBED), words).select("table_name").unique(maintain_order=True)
        tables = found.join(tables, on="table_name", maintain_order="left")
    names = {name: name for name in tables["table_name"]}
    name = _chosen(names, "table", f"{_('Table')} ({len(names)})")
    if name is None:
        return
    one = tables.row(by_predicate=pl.col("table_name") == name, named=True)
    with st.container(border=True):
        _heading(name)
        say(one["description"])
        _facts({_("Key"): f"`{one['key_columns']}`", _("Rows"): f"{one['n_rows']:,}", _("Columns"): str(one["n_columns"])})
        if _has_lineage():
            _made(publication, name)
    table(
        ask(publication, _COLUMNS).filter(pl.col("table_name") == name).drop("table_name"),
        title=_("Columns of {table}", table=name),
        columns=_column_words(),
        note=_(_PHI),
    )


def _column_words() -> dict[str, Any]:
    """The settings of a table of columns."""
    return {
        "table_name": _("Table"),
        "column_name": st.column_config.TextColumn(_("Column"), width=175),
        "data_type": st.column_config.TextColumn(_("Type"), width=95),
        "description": st.column_config.TextColumn(_("What it holds"), width=390),
        "allowed_values": st.column_config.TextColumn(_("One of"), width=120),
        "refers_to": st.column_config.TextColumn(_("Found in"), width=120),
        "phi": st.column_config.TextColumn(_("Identifies"), width=75),
        "is_required": st.column_config.CheckboxColumn(_("Always there"), width=85),
    }


_PHI = "Identifies a person: direct, by itself; quasi, together with other facts; none, not at all."


def _columns(publication: Publication, words: str) -> None:
    columns = ask(publication, _COLUMNS)
    if words.strip():
        found = matching(ask(publication, DESCRIBED), words).select("table_name", "column_name")
        columns = found.join(columns, on=["table_name", "column_name"], maintain_order="left")
    if columns.is_empty():
        empty(_("No column matches. Try fewer or other words."))
        return
    table(
        columns,
        title=many("{n} column that matches", "{n} columns that match", len(columns)) if words else _("Every column"),
        columns=_column_words(),
        note=_(_PHI),
    )


publication = open_page(
    _("Catalog"), _("The definition of every KPI, measure, table and column, its sources and their freshness.")
)
if not _has_lineage():
    st.caption(_("Tables and columns are those of the de-identified file, which is what your role reads."))
KINDS = {"KPIs": _kpis, "Measures": _measures, "Tables": _tables, "Columns": _columns}
say_unknown("kind", KINDS, _)
kind = st.segmented_control(
    _("Look for"),
    list(KINDS),
    format_func=_,
    default="KPIs",
    required=True,
    key="kind",
    bind="query-params",
    label_visibility="collapsed",
)
words = typed(_("Search"), 80, placeholder="no-show, consent, patient_key …", key="words")
KINDS[kind](publication, words)
