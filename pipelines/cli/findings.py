"""What a run found, read from the publication that it made: readers can see all of it."""

from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.home import Home
from pipelines.publications.store import WAREHOUSE, Publication
from pipelines.sql.connection import open_file

FILES = """
select source_system, extract, file_name, status, n_delivered, n_landed, n_quarantined, n_superseded, n_erased, read_as
from marts.fct_deliveries
order by all
"""
QUARANTINED = """
select source_system, extract, coalesce(field, '') as field, reason, count(*) as n_rows
from marts.fct_quarantined_rows
group by all
order by n_rows desc, source_system, extract, field, reason
"""
# What was understood, and what no measure asks for, is left out: it is nothing to correct.
DOUBTS = """
select source_system, extract, field, kind, finding, n_rows
from marts.fct_data_findings
where kind not in ('mapped', 'unused')
order by n_rows desc, source_system, extract, field, finding
"""
# The newest quarter that is mature, as the overview page shows it: one month of a small practice is noise.
KPIS = """
select
    kpis.kpi_code,
    kpis.kpi_name,
    kpis.unit,
    kpis.scoring,
    kpis.direction,
    kpis.unavailable_reason,
    kpis.target,
    periods.target_status,
    periods.first_month_on,
    periods.last_month_on,
    periods.value,
    periods.numerator,
    periods.denominator,
    periods.n_records,
    periods.interval_low,
    periods.interval_high,
    periods.is_small,
    periods.before_value,
    periods.before_status,
    periods.baseline_value,
    periods.like_for_like_value,
    periods.baseline_status
from marts.dim_kpis as kpis
left join marts.fct_kpi_periods as periods
    on kpis.kpi_code = periods.kpi_code
    and periods.slice_type = 'all'
    and periods.n_months = 3
    and periods.is_newest
where kpis.is_headline
order by kpis.display_order
"""
MODEL = """
select metric, model_version, value, low, high, n_patients, note
from ml.model_evaluations
where subgroup_type = 'all' and (metric like 'auroc%' or metric = 'not_evaluated')
order by model_version, metric
"""
LIST = "select tier, count(*) as n_patients from delivery.out_outreach_list group by all order by all"
LEFT_OUT = """
select suppress_reason as reason, count(*) as n_patients
from delivery.out_outreach_suppressions
group by all
order by n_patients desc
"""
PROGRAMS = """
select program_name, npv_p5_usd, npv_p50_usd, npv_p95_usd, statement
from delivery.fct_program_returns
where scenario = 'base'
order by program_name
"""


@dataclass(frozen=True)
class Findings:
    """Rows as dictionaries: delivered `files`, `quarantined` reasons, what is in `doubts` about rows in use, headline `kpis`,
    `model` metrics, the outreach list by tier, who was `left_out` of it, and the worth of the `programs`. Counts and keys only,
    never a patient."""

    publication: Publication
    files: list[dict[str, Any]]
    quarantined: list[dict[str, Any]]
    doubts: list[dict[str, Any]]
    kpis: list[dict[str, Any]]
    model: list[dict[str, Any]]
    outreach: list[dict[str, Any]]
    left_out: list[dict[str, Any]]
    programs: list[dict[str, Any]]


def findings(home: Home, publication: Publication) -> Findings:
    """The findings of the run that made a publication."""
    with open_file(home.published / publication.id / WAREHOUSE, read_only=True) as connection:
        queries = (FILES, QUARANTINED, DOUBTS, KPIS, MODEL, LIST, LEFT_OUT, PROGRAMS)
        return Findings(publication, *(_rows(connection, query) for query in queries))


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    result = connection.execute(query)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
