"""Shows whether today's data can be trusted: deliveries, quarantined rows, warnings and doubtful links."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from dashboards.figures.languages import _, day, day_form, instant, many, sentence
from dashboards.figures.wording import RECORD_NAMES, as_plain_markdown, as_read, each, first_upper, plain
from dashboards.kpis.rates import share
from dashboards.layout.address import say_unknown
from dashboards.layout.exhibits import say, table
from dashboards.layout.page import current_sheet, empty, open_page
from dashboards.store.publications import last_run, publications
from dashboards.store.published import Publication, ask
from models.landing import STATUSES as FILE_STATUSES
from models.sources import SOURCE_KINDS, name_of_kind, source_title
from models.wording import amount, named

OVERDUE_HOURS = 36
"""A practice's day starts with yesterday's extracts; older data mean a missed nightly run."""

_SOURCES = """
    select
        source_system, max(newest_exported_at) as newest_exported_at,
        count(*) filter (where is_delivered) as n_extracts, count(*) as n_expected,
        coalesce(any_value(landed.n_rows), 0) as n_rows
    from marts.dim_extracts
    left join (
        select source_system, sum(n_landed)::bigint as n_rows from marts.fct_deliveries where status = 'landed' group by all
    ) as landed using (source_system)
    group by source_system
    order by list_position($1, split_part(source_system, ':', 1)), source_system
"""
_EXTRACTS = """
    select source_system, extract, is_delivered, n_files, n_rows, newest_exported_at
    from marts.dim_extracts
    order by list_position($1, split_part(source_system, ':', 1)), is_delivered desc, extract
"""
_FILES = """
    select
        source_system, extract, file_name, status, reason, exported_at, n_delivered, n_landed, n_quarantined, n_superseded,
        n_erased, n_contradicted
    from marts.fct_deliveries
    order by status in ('refused', 'unknown') desc, n_quarantined desc, exported_at desc nulls last, source_system, file_name
"""
_TOTALS = """
    select
        count(*) as n_files, sum(n_delivered)::bigint as n_delivered, sum(n_landed)::bigint as n_landed,
        sum(n_quarantined)::bigint as n_quarantined, sum(n_superseded)::bigint as n_superseded
    from marts.fct_deliveries
    where status = 'landed'
"""
_QUARANTINED = """
    select source_system, extract, kept_out.field, kept_out.reason, file_key, file_name, files.exported_at, kept_out.row_number
    from marts.fct_quarantined_rows as kept_out
    left join marts.fct_deliveries as files using (source_system, extract, file_key, file_name)
    order by source_system, extract, file_name, exported_at, row_number
"""
"""Every delivery may hold a file of the same name: the day of its export tells them apart."""
_FINDINGS = """
    select source_system, extract, field, finding, kind, n_rows, example_file_name, example_row_number
    from marts.fct_data_findings
    order by kind = 'mapped', n_rows desc, source_system, extract, field, finding
"""
_CHECKS = (
    "select table_name, column_name, rule, status, n_rows, finding, schema_name from catalog.checks order by table_name, rule"
)
_MODEL = """
    select check_name, list(subject order by value desc nulls last, subject) as subjects
    from ml.model_monitoring
    where status <> 'ok'
    group by check_name
    order by check_name
"""
"""A run prints one warning for each of these checks, as for each check of the build that warned."""
_REVIEWS = """
    select
        left_record_type, left_source_system, right_record_type, right_source_system, reason, evidence, confidence
    from marts.fct_identity_reviews
    order by confidence desc
"""
_DOUBTS = {
    "two_charts_of_one_person": "Two charts that look like one person: merge them in the EHR, or record that they are two.",
    "two_charts_fit": "A contact or account fits two charts about equally well, and is attached to neither.",
    "mrn_of_somebody_else": "A record has the record number of a chart that looks like another person's.",
    "another_sex": "Most fields agree, but the sex differs: a couple with similar names, or a typing error.",
    "near_name": "Most fields agree, but the names are only similar: twins and sisters have such names too.",
    "near_birth_date": "Names and contact agree, but the birth dates are only similar: a typing error, or two of one family.",
    "birth_date_unknown": "No birth date, or a placeholder: at one address, it may be father or son.",
    "common_name": "Name and birth date agree, but the name is common and nothing else agrees.",
    "not_enough_evidence": "It may be one person, but too few fields are filled in to decide.",
}


def _tiles(publication: Publication) -> None:
    totals = ask(publication, _TOTALS).row(0, named=True)
    checks = ask(publication, _CHECKS)
    n_warned = checks.filter(pl.col("status") != "passed").height
    warnings = _warnings(publication, checks)
    newest = publications()[0]
    age_hours = (datetime.now(UTC) - newest.published_at).total_seconds() / 3600
    kept_out = amount(share(totals["n_quarantined"], totals["n_delivered"]), "share")
    at = newest.published_at.astimezone(ZoneInfo(zone))
    tiles = (
        (
            _("Published"),
            day(at.date()),
            _("at {time}; once read, built in {minutes} minutes", time=f"{at:%H:%M}", minutes=f"{newest.build_minutes:.1f}"),
            _("In the practice's time. A run prints its whole time: it reads the deliveries before it builds."),
        ),
        (
            _("Rows in use"),
            f"{totals['n_landed']:,}",
            many("of {n} file", "of {n} files", totals["n_files"]),
            _("The current version of every row that was delivered."),
        ),
        (
            _("Rows kept out"),
            f"{totals['n_quarantined']:,}",
            _("{share} of {n} delivered", share=kept_out, n=f"{totals['n_delivered']:,}"),
            _("Unreadable, or broke their contract: see the view Kept out for reasons."),
        ),
        (
            _("Checks passed"),
            _("{n} of {all}", n=f"{len(checks) - n_warned:,}", all=f"{len(checks):,}"),
            many("{n} warning, named below", "{n} warnings, named below", len(warnings)) if warnings else _("no warning"),
            _("Conditions that a build must meet to be published. Warnings of the risk model's checks are counted too."),
        ),
    )
    for cell, (label, value, below, says) in zip(st.columns(4), tiles, strict=True):
        cell.metric(label, value, delta=below, delta_color="off", delta_arrow="off", help=says, border=True)
    current_sheet().tiles([(label, value, below) for label, value, below, _ in tiles])
    for told in warnings:
        st.warning(told, icon=":material/warning:")
        current_sheet().say(as_read(told))
    _last_run(newest.number, newest.published_at)
    if age_hours > OVERDUE_HOURS and not newest.is_synthetic:
        days = many("{n} day", "{n} days", round(age_hours / 24))
        st.error(_("Nothing was published for {days}: a nightly run was missed.", days=days), icon=":material/schedule:")


def _warnings(publication: Publication, checks: pl.DataFrame) -> list[str]:
    """Every warning of the publication: what is wrong, then what must be so."""
    found = [
        _(
            "**{finding}.** What must be so: {rule}",
            finding=as_plain_markdown(first_upper(sentence(row["finding"]))),
            rule=as_plain_markdown(sentence(row["rule"])),
        )
        for row in checks.filter(pl.col("status") != "passed").iter_rows(named=True)
    ]
    of_model = "**The risk model's {check} is beyond its threshold** for {inputs}: see the page Risk model."
    return found + [
        _(of_model, check=_(named(row["check_name"])), inputs=", ".join(_(named(subject)) for subject in row["subjects"]))
        for row in ask(publication, _MODEL).iter_rows(named=True)
    ]


def _last_run(number: int, published_at: datetime) -> None:
    """The outcome of the last run, however it was started."""
    run = last_run()
    if run is None:
        return
    ended_at = datetime.fromisoformat(run["ended_at"])
    # `caregap publish` after a build by hand is newer than the last recorded run; earlier versions recorded no number.
    is_newest = run["number"] >= number if "number" in run else ended_at > published_at
    if run["status"] == "failed" and is_newest:
        told = _(
            "**The last run failed** ({at}), so the data shown are older. {reason}",
            at=instant(ended_at, zone),
            reason=as_plain_markdown(run["reason"]),
        )
        st.error(told, icon=":material/error:")
        current_sheet().say(as_read(told))
    else:
        say(_("**Last run:** {at}, without an error.", at=instant(max(ended_at, published_at), zone)))


def _source(source_system: str) -> str:
    """A source's title in the viewer's language: `billing:north` → Facturación north."""
    return f"{_(source_title(name_of_kind(source_system)))} {source_system.partition(':')[2]}".strip()


def _freshness(publication: Publication) -> None:
    sources = ask(publication, _SOURCES, [list(SOURCE_KINDS)])
    for column, row in zip(st.columns(len(sources)), sources.iter_rows(named=True), strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{as_plain_markdown(_source(row['source_system']))}**")
            if row["n_extracts"] == 0:
                st.markdown(_("nothing delivered"))
                continue
            st.markdown(_("newest export {at}", at=_exported(row["newest_exported_at"])))
            kinds = _("{n} of {all} kinds of file", n=row["n_extracts"], all=row["n_expected"])
            st.caption(f"{kinds} · {many('{n} row', '{n} rows', row['n_rows'])}")
    table(
        ask(publication, _EXTRACTS, [list(SOURCE_KINDS)]).with_columns(_by_clock("newest_exported_at")),
        title=_("Each kind of file and its newest export"),
        columns={
            "source_system": _("Source"),
            "extract": _("Kind of file"),
            "is_delivered": st.column_config.CheckboxColumn(_("Delivered")),
            "n_files": st.column_config.NumberColumn(_("Files"), format="localized"),
            "n_rows": st.column_config.NumberColumn(_("Rows in use"), format="localized"),
            "newest_exported_at": st.column_config.DatetimeColumn(_("Newest export"), format=day_form(has_time=True)),
        },
        note=_("A kind of file that was never delivered is no fault: results that need it are marked as not available."),
    )


def _exported(at: datetime | None) -> str:
    """A file dated only by its name counts as exported at midnight UTC, so that its day is the name's."""
    if at is None:
        return _("of unknown date")
    is_named = at.astimezone(UTC).time() == time()
    return day(at.astimezone(UTC).date()) if is_named else instant(at, zone)


def _by_clock(column: str) -> pl.Expr:
    """Instants as the practice's clock shows them; one dated only by its file's name stays that day, as in `_exported`."""
    utc = pl.col(column).dt.convert_time_zone("UTC")
    local = utc.dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return pl.when(utc.dt.time() == time()).then(utc.dt.replace_time_zone(None)).otherwise(local).alias(column)


def _kept_out(publication: Publication) -> None:
    rows = ask(publication, _QUARANTINED)
    if rows.is_empty():
        empty(_("No row was quarantined: every delivered row could be read and met its contract."))
        return
    by_reason = (
        rows.with_columns(pl.col("field").fill_null(_("the row as a whole")))
        .group_by("source_system", "extract", "field", "reason")
        .agg(pl.col("file_name", "exported_at", "row_number").first(), n_rows=pl.len())
        .sort("n_rows", "source_system", "extract", "field", descending=[True, False, False, False])
    )
    say(
        _(
            "{problems} in {files}. The rest of each file is in use. "
            "Correct the row in the source system: the next export brings it in.",
            problems=many("{n} problem", "{n} problems", len(rows)),
            files=many("{n} file", "{n} files", rows["file_key"].n_unique()),
        )
    )
    examples = [
        _("{file} ({exported}), row {row}", file=file, exported=_exported(at), row=row)
        for file, at, row in by_reason.select("file_name", "exported_at", "row_number").iter_rows()
    ]
    table(
        by_reason.select(
            "source_system",
            "extract",
            what=pl.format("{} {}", "field", "reason"),
            n_rows="n_rows",
            example=pl.Series(examples, dtype=pl.String),
        ),
        title=_("Reasons for quarantine, most frequent first"),
        columns={
            "source_system": _("Source"),
            "extract": _("Kind of file"),
            "what": st.column_config.TextColumn(_("What is wrong"), width="large"),
            "n_rows": st.column_config.NumberColumn(_("Rows"), format="localized"),
            "example": st.column_config.TextColumn(_("First of them"), width="medium"),
        },
    )
    table(
        rows.drop("file_key").with_columns(_by_clock("exported_at")),
        title=_("All quarantined rows"),
        columns={
            "source_system": _("Source"),
            "extract": _("Kind of file"),
            "field": _("Field"),
            "reason": st.column_config.TextColumn(_("What is wrong"), width="large"),
            "file_name": _("File"),
            "exported_at": st.column_config.DatetimeColumn(_("Exported"), format=day_form(has_time=True)),
            "row_number": _("Row"),
        },
        note=_("Values are not shown, because they may identify a patient; file, export and row show where to look."),
    )


CHECK_STATUSES = ("passed", "warned")
_KINDS = {
    "mapped": "understood",
    "unknown": "taken for unknown",
    "doubtful": "used as it is",
    "unmatched": "matched with nothing",
    "passed_over": "passed over by measures",
    "unused": "no measure asks for it",
}


def _read_otherwise(publication: Publication) -> None:
    found = ask(publication, _FINDINGS)
    if found.is_empty():
        empty(_("Every value in use is read as it is written."))
        return
    table(
        found.select(
            "source_system",
            "extract",
            what=pl.format("{} {}", "field", "finding"),
            kind=pl.col("kind").replace({code: _(name) for code, name in _KINDS.items()}),
            n_rows="n_rows",
            example=pl.format(_("{}, row {}"), pl.col("example_file_name").fill_null(""), "example_row_number"),
        ),
        title=_("What is read otherwise than it is written, or is doubtful"),
        columns={
            "source_system": _("Source"),
            "extract": _("Kind of file"),
            "what": st.column_config.TextColumn(_("What was found"), width="large"),
            "kind": _("What became of it"),
            "n_rows": st.column_config.NumberColumn(_("Rows"), format="localized"),
            "example": st.column_config.TextColumn(_("One of them"), width="medium"),
        },
        note=_("These rows are in use. Correct at the source what is taken for unknown: the next export brings it in."),
    )


def _deliveries(publication: Publication) -> None:
    status = pl.col("status").replace({code: _(code) for code in FILE_STATUSES})
    files = ask(publication, _FILES).with_columns(_by_clock("exported_at"), status=status)
    table(
        files,
        title=_("Delivered files by status"),
        columns={
            "source_system": _("Source"),
            "extract": _("Kind of file"),
            "file_name": _("File"),
            "status": _("Status"),
            "reason": _("Why"),
            "exported_at": st.column_config.DatetimeColumn(_("Exported"), format=day_form(has_time=True)),
            "n_delivered": st.column_config.NumberColumn(_("Delivered"), format="localized"),
            "n_landed": st.column_config.NumberColumn(_("In use"), format="localized"),
            "n_quarantined": st.column_config.NumberColumn(_("Kept out"), format="localized"),
            "n_superseded": st.column_config.NumberColumn(_("Superseded"), format="localized"),
            "n_erased": st.column_config.NumberColumn(_("Erased"), format="localized"),
            "n_contradicted": st.column_config.NumberColumn(_("Contradicted"), format="localized"),
        },
        note=_(
            "Delivered = in use + kept out + superseded + erased, for every file. Superseded: a newer version or a deletion "
            "came later. Erased: removed for good, with a person who was erased or when the practice's retention was over. "
            "Contradicted: of these, rows that the row in use differs from though the source changed both at one time."
        ),
    )


def _checks(publication: Publication) -> None:
    checks = ask(publication, _CHECKS)
    if not _warnings(publication, checks):
        st.success(_("Every check passed."), icon=":material/check_circle:")
    table(
        checks.sort(pl.col("status") == "passed", maintain_order=True).select(
            "table_name",
            "rule",
            status=pl.col("status").replace({code: _(code) for code in CHECK_STATUSES}),
            n_rows="n_rows",
        ),
        title=_("Checks of this publication"),
        columns={
            "table_name": _("Table"),
            "rule": st.column_config.TextColumn(_("What must be so"), width="large"),
            "status": _("Outcome"),
            "n_rows": st.column_config.NumberColumn(_("Rows that break it"), format="localized"),
        },
        note=_("A build that fails a check is never published. A warning does not stop it, and is shown here."),
    )


def _identities(publication: Publication) -> None:
    reviews = ask(publication, _REVIEWS)
    if reviews.is_empty():
        empty(_("No link between records is doubtful."))
        return
    for reason, n in reviews.group_by("reason").len().sort("reason").iter_rows():
        say(f"**{many('{n} pair', '{n} pairs', n)}.** {_(_DOUBTS[reason])}")
    records = {code: _(name) for code, name in RECORD_NAMES.items()}
    table(
        reviews.with_columns(
            left=pl.format(
                _("{} of {}"), pl.col("left_record_type").replace(records), each(reviews["left_source_system"], _source)
            ),
            right=pl.format(
                _("{} of {}"), pl.col("right_record_type").replace(records), each(reviews["right_source_system"], _source)
            ),
            reason=pl.col("reason").replace({reason: _(plain(reason)) for reason in _DOUBTS}),
        ).select("left", "right", "reason", "evidence", "confidence"),
        title=_("Pairs of records that a data steward should decide on"),
        columns={
            "left": st.column_config.TextColumn(_("One record"), width=100),
            "right": st.column_config.TextColumn(_("The other"), width=100),
            "reason": st.column_config.TextColumn(_("Why it is doubtful"), width=165),
            "evidence": st.column_config.TextColumn(_("Evidence"), width="large"),
            "confidence": st.column_config.ProgressColumn(_("Likely one person"), format="percent", min_value=0, max_value=1),
        },
        note=_("The records' ids are in marts.fct_identity_reviews. A data steward decides on the page Identities."),
    )


def _publications() -> None:
    kept = publications()
    table(
        pl.DataFrame(
            [
                {
                    "published_at": one.published_at,
                    "as_of_on": one.as_of_on,
                    "minutes": one.build_minutes,
                    "n_tables": one.n_tables,
                    "n_rows": one.n_rows,
                    "is_current": one.is_current,
                }
                for one in kept
            ]
        ).with_columns(_by_clock("published_at")),
        title=_("Kept publications"),
        columns={
            "published_at": st.column_config.DatetimeColumn(_("Published"), format=day_form(has_time=True)),
            "as_of_on": _("Data as of"),
            "minutes": st.column_config.NumberColumn(_("Minutes to build"), format="%.1f"),
            "n_tables": _("Tables"),
            "n_rows": st.column_config.NumberColumn(_("Rows"), format="localized"),
            "is_current": st.column_config.CheckboxColumn(_("Shown now")),
        },
        note=_("An operator can go back to an earlier one with `caregap publish --rollback`."),
    )


publication = open_page(_("Data health"), _("Whether today's data can be trusted, and what to fix if not."))
zone = publication.time_zone
_tiles(publication)
TABS: dict[str, Callable[[Publication], None]] = {
    "Freshness": _freshness,
    "Kept out": _kept_out,
    "Read otherwise": _read_otherwise,
    "Deliveries": _deliveries,
    "Checks": _checks,
    "Identities": _identities,
    "Versions": lambda publication: _publications(),
}
say_unknown("view", TABS, _)
chosen = st.segmented_control(
    _("View"),
    list(TABS),
    format_func=_,
    default="Freshness",
    required=True,
    key="view",
    bind="query-params",
    label_visibility="collapsed",
)
TABS[chosen](publication)
