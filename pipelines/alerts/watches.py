"""What is worth telling of a publication: KPIs beyond a threshold, what is wrong with the data, checks of the models.

Read from tables of totals alone: no query here names a table with a row a patient, so that no message can.
"""

from dataclasses import dataclass
from typing import Any

import duckdb

from models.audit_log.signs import Sign
from models.settings.notices import Subscription, Threshold
from models.wording import amount, counted, period
from pipelines.home import Home
from pipelines.publications.last_run import last_run
from pipelines.publications.store import WAREHOUSE, Publication
from pipelines.sql.connection import open_file

# The newest quarter that is mature, as the overview shows it: one month of a small practice is noise.
KPIS = """
select
    kpis.kpi_code, kpis.kpi_name, kpis.unit, kpis.is_headline, periods.value, periods.before_value, periods.target,
    periods.target_status, periods.first_month_on, periods.last_month_on
from marts.dim_kpis as kpis
inner join marts.fct_kpi_periods as periods
    on kpis.kpi_code = periods.kpi_code and periods.slice_type = 'all' and periods.n_months = 3 and periods.is_newest
where periods.value is not null
order by kpis.display_order
"""
HEALTH = """
select
    source_system, extract, count(*) filter (where status = 'refused') as n_refused, sum(n_quarantined) as n_quarantined
from marts.fct_deliveries
group by source_system, extract
having n_refused > 0 or n_quarantined > 0
order by source_system, extract
"""
MODEL = "select check_name, subject, status from ml.model_monitoring where status <> 'ok' order by check_name, subject"


@dataclass(frozen=True)
class Alert:
    """Something to tell: once per `id`, which holds no more than codes and a period."""

    id: str
    text: str


@dataclass(frozen=True)
class Facts:
    """What of a publication may be told of, as rows of totals, and how the last run ended."""

    publication: Publication
    kpis: list[dict[str, Any]]
    health: list[dict[str, Any]]
    model: list[dict[str, Any]]
    signs: tuple[Sign, ...] = ()
    failed_at: str = ""


def facts_of(home: Home, publication: Publication, signs: tuple[Sign, ...] = ()) -> Facts:
    """The facts of the publication, with the signs of intrusion that stand, and when the last run failed, if it did."""
    with open_file(home.published / publication.id / WAREHOUSE, read_only=True) as connection:
        kpis, health, model = (_rows(connection, query) for query in (KPIS, HEALTH, MODEL))
    ended = last_run(home) or {}
    failed_at = str(ended.get("ended_at", "")) if ended.get("status") == "failed" else ""
    return Facts(publication, kpis, health, model, signs, failed_at)


def alerts(facts: Facts, wanted: Subscription) -> list[Alert]:
    """What a subscription is to be told of, whether or not it was told before."""
    found = [alert for row in facts.kpis if (limit := wanted.kpis.get(row["kpi_code"])) and (alert := _beyond(row, limit))]
    if wanted.data_health and facts.failed_at:
        text = (
            f"The last run failed ({facts.failed_at[:16].replace('T', ' ')} UTC): what is shown is older. Run `caregap doctor`."
        )
        found.append(Alert(f"run:{facts.failed_at}", text))
    if wanted.data_health:
        found += [_of_health(facts, row) for row in facts.health]
    if wanted.model:
        found += [_of_model(row) for row in facts.model]
    if wanted.signs:
        found += [Alert(f"sign:{sign.id}", f"{sign.text} The page Audit log has its lines.") for sign in facts.signs]
    return found


def digest(facts: Facts) -> list[str]:
    """The headline numbers of a publication, one line each."""
    return [_line(row) for row in facts.kpis if row["is_headline"]]


def _line(row: dict[str, Any]) -> str:
    unit = row["unit"]
    before = f", {amount(row['before_value'], unit)} in the quarter before" if row["before_value"] is not None else ""
    target = f"; target {amount(row['target'], unit)} {row['target_status']}" if row["target_status"] in ("met", "missed") else ""
    return (
        f"{row['kpi_name']}, {period(row['first_month_on'], row['last_month_on'])}: {amount(row['value'], unit)}{before}{target}"
    )


def _beyond(row: dict[str, Any], limit: Threshold) -> Alert | None:
    value, unit = row["value"], row["unit"]
    when = period(row["first_month_on"], row["last_month_on"])
    for is_beyond, side, bound in (
        (limit.above is not None and value > limit.above, "above", limit.above),
        (limit.below is not None and value < limit.below, "below", limit.below),
    ):
        if is_beyond:
            text = f"{row['kpi_name']} was {amount(value, unit)} in {when}, {side} {amount(bound, unit)}."
            return Alert(f"kpi:{row['kpi_code']}:{row['last_month_on']:%Y-%m}:{side}:{bound:g}", text)
    return None


def _of_health(facts: Facts, row: dict[str, Any]) -> Alert:
    what = f"{row['source_system']} {row['extract']}"
    parts = [counted(row["n_refused"], "file") + " refused"] if row["n_refused"] else []
    parts += [counted(row["n_quarantined"], "row") + " quarantined"] if row["n_quarantined"] else []
    text = f"{what}: {', '.join(parts)}. The page Data health has file, field and reason."
    return Alert(f"health:{what}:{row['n_refused']}:{row['n_quarantined']}", text)


def _of_model(row: dict[str, Any]) -> Alert:
    what = f"{row['check_name']} {row['subject']}".replace("_", " ").strip()
    beyond = "the overdue rule replaces the model" if row["status"] == "stop" else "beyond its threshold"
    return Alert(
        f"model:{row['check_name']}:{row['subject']}:{row['status']}", f"Risk model, {what}: {beyond}. See the page Risk model."
    )


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    result = connection.execute(query)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
