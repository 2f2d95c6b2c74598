"""The layer `raw`: deliveries in their current version. This is the gate.

A blocking asset check would not stop dbt, so the asset itself fails if a file is refused or a row is unaccounted for; the
checks report it.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg

from models.landing import LANDING, raw_table
from models.sources import SOURCE_KINDS, own_kinds
from pipelines.connect.pulls.state import failed_pulls
from pipelines.defs.build_in_hand import BuildInHand
from pipelines.defs.keys import key_of
from pipelines.errors import ChecksFailed
from pipelines.home import Home
from pipelines.landing.land import LandingReport
from pipelines.practice import Practice
from pipelines.progress import Progress
from pipelines.warehouse.checks import Check, keep_checks
from pipelines.warehouse.fingerprint import fingerprint

DELIVERIES = key_of("raw.deliveries")
QUARANTINED = key_of("raw.quarantined_rows")
UNACCOUNTED = """
select extract, file_name, n_delivered - n_landed - n_quarantined - n_superseded - n_erased
from raw.deliveries
where status = 'landed' and n_delivered <> n_landed + n_quarantined + n_superseded + n_erased
"""
CONTRADICTED = """
select extract, file_name, n_contradicted
from raw.deliveries
where n_contradicted > 0
order by all
"""
LAGGING_DAYS = 8
LAGGING = """
select source_system, max(newest_exported_at) as newest
from raw.extracts
where is_delivered and not list_contains(?, source_system)
group by source_system
qualify max(newest) over () - newest > to_days(?)
"""

DESCRIPTIONS = {
    f"raw.{raw_table(source, name)}": contract.description
    for source, kind in SOURCE_KINDS.items()
    for name, contract in kind.extracts.items()
} | {f"raw.{name}": contract.description for name, contract in LANDING.items()}

RULES = {
    "reconciliation": "For every file, delivered rows = landed + quarantined + superseded.",
    "files_are_read": "Every delivered file is whole, of a known kind, and read.",
    "one_version": "No two deliveries say different things of one record at one time of change.",
    "sources_keep_pace": f"No source lags {LAGGING_DAYS} days behind another.",
    "pulls_succeed": "The last pull of every connected system came to its end.",
    "contract": "Every delivered row can be read and meets its extract's contract.",
}
CHECKS = [
    dg.AssetCheckSpec(name, asset=QUARANTINED if name == "contract" else DELIVERIES, description=rule)
    for name, rule in RULES.items()
]


@dg.multi_asset(
    name="raw",
    specs=[
        dg.AssetSpec(key_of(table), group_name="raw", description=text, kinds={"duckdb"}, skippable=True)
        for table, text in DESCRIPTIONS.items()
    ],
    check_specs=CHECKS,
)
def raw(
    context: dg.AssetExecutionContext,
    home: dg.ResourceParam[Home],
    builds: dg.ResourceParam[BuildInHand],
    practice: dg.ResourceParam[Practice],
    landing: dg.ResourceParam[Callable[[], LandingReport]],
    progress: dg.ResourceParam[Progress],
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """Start a build from everything that has landed."""
    landed = landing()
    progress("Building: raw")
    print_of_inputs = fingerprint(home, practice, landed.ledger)
    build = builds.start(practice, landed.ledger, fingerprint=print_of_inputs, arrived=landed.arrived)
    with build.connect() as connection:
        tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'raw'").fetchall()
        counts = {f"raw.{table}": connection.execute(f"select count(*) from raw.{table}").fetchall()[0][0] for (table,) in tables}
        unaccounted = connection.execute(UNACCOUNTED).fetchall()
        contradicted = connection.execute(CONTRADICTED).fetchall()
        lagging = connection.execute(LAGGING, [own_kinds(), LAGGING_DAYS]).fetchall()
        kept_out = connection.execute("select extract, reason, count(*) from raw.quarantined_rows group by all").fetchall()
    for table in DESCRIPTIONS:
        metadata = {"dagster/row_count": counts[table]} if table in counts else {}
        yield dg.MaterializeResult(key_of(table), metadata={"build": build.id, **metadata})
    not_pulled = failed_pulls(home, practice.id)
    n_kept_out = sum(n for *_, n in kept_out)
    checks = [
        Check("raw.deliveries.reconciliation", "raw.deliveries", RULES["reconciliation"]),
        Check(
            "raw.deliveries.files_are_read",
            "raw.deliveries",
            RULES["files_are_read"],
            "warned" if landed.warning() else "passed",
            n_rows=len(landed.not_read()),
            finding=landed.warning(),
        ),
        Check(
            "raw.deliveries.one_version",
            "raw.deliveries",
            RULES["one_version"],
            "warned" if contradicted else "passed",
            n_rows=sum(n for *_, n in contradicted),
            finding=_contradicted_in_words(contradicted),
        ),
        Check(
            "raw.deliveries.sources_keep_pace",
            "raw.deliveries",
            RULES["sources_keep_pace"],
            "warned" if lagging else "passed",
            n_rows=len(lagging),
            finding=", ".join(f"the newest export of {source} is of {newest:%Y-%m-%d}" for source, newest in lagging) or None,
        ),
        Check(
            "raw.deliveries.pulls_succeed",
            "raw.deliveries",
            RULES["pulls_succeed"],
            "warned" if not_pulled else "passed",
            n_rows=len(not_pulled),
            finding="; ".join(not_pulled) or None,
        ),
        Check(
            "raw.quarantined_rows.contract",
            "raw.quarantined_rows",
            RULES["contract"],
            "warned" if kept_out else "passed",
            n_rows=n_kept_out,
            finding=_kept_out_in_words(kept_out),
        ),
    ]
    keep_checks(build, "raw", checks)
    findings = {check.id.rpartition(".")[2]: check.finding for check in checks}
    warn = dg.AssetCheckSeverity.WARN
    yield _result("reconciliation", DELIVERIES, unaccounted, ("extract", "file", "rows unaccounted for"))
    unread = [(line,) for line in landed.not_read()]
    yield _result("files_are_read", DELIVERIES, unread, ("file",), warn, findings["files_are_read"])
    yield _result("one_version", DELIVERIES, contradicted, ("extract", "file", "rows"), warn, findings["one_version"])
    yield _result("sources_keep_pace", DELIVERIES, lagging, ("source", "newest export"), warn, findings["sources_keep_pace"])
    failed = [(line,) for line in not_pulled]
    yield _result("pulls_succeed", DELIVERIES, failed, ("pull",), warn, findings["pulls_succeed"])
    yield _result("contract", QUARANTINED, kept_out, ("extract", "reason", "rows"), warn, findings["contract"])
    if unaccounted:
        files = ", ".join(f"{extract} {name}" for extract, name, _ in unaccounted)
        raise ChecksFailed(
            f"Rows are unaccounted for in {files}; nothing was published. Report this: no delivered row may vanish."
        )


def _result(
    name: str,
    key: dg.AssetKey,
    failures: list[tuple[Any, ...]],
    columns: tuple[str, ...],
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
    finding: str | None = None,
) -> dg.AssetCheckResult:
    """Passed if there are no failures; otherwise a table of the first hundred failures."""
    records = [dg.TableRecord({column: str(value) for column, value in zip(columns, row, strict=True)}) for row in failures[:100]]
    schema = dg.TableSchema([dg.TableColumn(column) for column in columns])
    found = {"failures": dg.MetadataValue.table(records, schema)} if records else {}
    return dg.AssetCheckResult(
        passed=not failures, check_name=name, asset_key=key, severity=severity, metadata=found, description=finding
    )


def _contradicted_in_words(contradicted: list[tuple[str, str, int]]) -> str | None:
    """The number of contradicted rows by file, in words; `contradicted`: extract, file, rows. None if there are none."""
    if not contradicted:
        return None
    named = [f"{name}: {n:,}" for _, name, n in contradicted[:4]]
    others = [f"others: {sum(n for *_, n in contradicted[4:]):,}"] if len(contradicted) > 4 else []
    return (
        f"{sum(n for *_, n in contradicted):,} rows differ from another row of the same record and the same time of change, "
        f"which counts instead because it was delivered later ({', '.join(named + others)}); ask the source to move the time of "
        "change with every change"
    )


def _kept_out_in_words(kept_out: list[tuple[str, str, int]]) -> str | None:
    """The number of quarantined rows by extract, in words; `kept_out`: extract, reason, rows. None if there are none."""
    if not kept_out:
        return None
    of_extract: Counter[str] = Counter()
    for extract, _, n in sorted(kept_out):
        of_extract[extract] += n
    most = of_extract.most_common(4)
    named = [f"{extract}: {n:,}" for extract, n in most]
    others = [f"others: {of_extract.total() - sum(n for _, n in most):,}"] if len(of_extract) > 4 else []
    return (
        f"{of_extract.total():,} delivered rows could not be read or broke their contract, and were quarantined "
        f"({', '.join(named + others)}); see row, field and reason in marts.fct_quarantined_rows"
    )
