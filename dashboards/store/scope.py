"""What of a published file a viewer is given: views that hold the tables, columns and rows of a role, and nothing beside them.

A query asks `marts.dim_patients` in all cases; which rows that is depends on who asks. The published file itself is attached
under a name of its own and read-only, and the connection can open nothing else.
"""

from pathlib import Path
from typing import NamedTuple

import duckdb

from dashboards.access.roles import ROLES, Sight, Viewer

SHARED = ""
"""Says nothing of a patient or of a site's work."""

SITE_OF = {
    "catalog.checks": SHARED,
    "catalog.lineage": SHARED,
    "catalog.lineage_tables": SHARED,
    "delivery.out_contact_outcomes": "location_key",
    "delivery.out_outreach_list": "location_key",
    "delivery.out_outreach_suppressions": "location_key",
    "delivery.out_patient_channels": "location_key",
    "delivery.out_patient_contacts": "location_key",
    "delivery.out_patient_profiles": "location_key",
    "marts.dim_dates": SHARED,
    "marts.dim_extracts": SHARED,
    "marts.dim_kpis": SHARED,
    "marts.dim_locations": "location_key",
    "marts.dim_measures": SHARED,
    "marts.dim_patient_links": "patient_key",
    "marts.dim_patients": "home_location_key",
    "marts.dim_payers": SHARED,
    "marts.dim_programs": SHARED,
    "marts.dim_providers": SHARED,
    "marts.fct_appointment_patterns": "location_key",
    "marts.fct_appointments": "location_key",
    "marts.fct_baselines": "location_key",
    "marts.fct_care_gap_months": "patient_key",
    "marts.fct_care_gaps": "location_key",
    "marts.fct_charges": "location_key",
    "marts.fct_claim_answers": "location_key",
    "marts.fct_claims": "location_key",
    "marts.fct_deliveries": SHARED,
    "marts.fct_encounters": "location_key",
    "marts.fct_identity_reviews": "left_patient_key",
    "marts.fct_kpi_rows": "location_key",
    "marts.fct_kpis": "location_key",
    "marts.fct_lead_sources": "location_key",
    "marts.fct_measure_evidence": "patient_key",
    "marts.fct_measure_performance": "location_key",
    "marts.fct_measure_results": "patient_key",
    "marts.fct_open_gap_ages": "location_key",
    "marts.fct_outreach_outcomes": "patient_key",
    "marts.fct_outreach_tasks": "location_key",
    "marts.fct_patient_cohorts": "location_key",
    "marts.fct_payments": "location_key",
    "marts.fct_portal_events": "location_key",
    "marts.fct_quarantined_rows": SHARED,
    "marts.fct_receivable_ages": "location_key",
    "marts.fct_revenue_flows": "location_key",
    "marts.fct_survey_answers": "location_key",
    "marts.fct_touches": "location_key",
    "ml.disengagement_scores": "location_key",
    "ml.model_cards": SHARED,
    "ml.model_curves": SHARED,
    "ml.model_evaluations": SHARED,
    "ml.model_importances": SHARED,
    "ml.model_monitoring": SHARED,
    "ml.no_show_scores": "location_key",
    "ml.outreach_lift": SHARED,
}
"""The column that says a row's site: a location's key, or a patient's, who belongs to their home site. A table that is not
named here is absent for a role of sites."""


class Scope(NamedTuple):
    """How far a viewer sees. It is part of every cache key; `sites` is None where no row is left out for its site."""

    sight: str
    sites: tuple[str, ...] | None

    @classmethod
    def of(cls, viewer: Viewer) -> "Scope":
        return cls(viewer.sight.value, tuple(sorted(viewer.sites)) if ROLES[viewer.role].is_of_sites else None)


def published_file(folder: Path, scope: Scope) -> Path:
    """The file of a publication that a scope is answered from."""
    return folder / ("deidentified.duckdb" if scope.sight == Sight.DEIDENTIFIED else "warehouse.duckdb")


def open_scoped(folder: Path, scope: Scope) -> duckdb.DuckDBPyConnection:
    """An in-memory database whose schemas hold a view for each published table that the scope may see.

    A column is shown to a limited sight where the file's own catalog says that it does not identify directly.
    """
    connection = duckdb.connect(":memory:")
    connection.execute("set TimeZone = 'UTC'; set temp_directory = ''; set memory_limit = '2GB'")
    path = str(published_file(folder, scope)).replace("'", "''")
    connection.execute(f"attach '{path}' as published (read_only)")
    connection.execute(
        "create schema viewer; create table viewer.sites as select unnest($1::varchar[]) as location_id", [scope.sites or ()]
    )
    _show_catalog(connection, scope)
    seen = connection.execute("select table_name, list(column_name order by position) from catalog.columns group by all")
    for table, columns in seen.fetchall():
        connection.execute(f"create schema if not exists {table.partition('.')[0]}")
        connection.execute(f"create view {table} as select {', '.join(columns)} from published.{table} {_where(table, scope)}")
    connection.execute("set enable_external_access = false; set lock_configuration = true")
    return connection


def _show_catalog(connection: duckdb.DuckDBPyConnection, scope: Scope) -> None:
    """The file's dictionary, as far as the scope goes; the other views are made from it."""
    named = ", ".join(f"'{table}'" for table in SITE_OF)
    tables = "true" if scope.sites is None else f"table_name in ({named})"
    columns = "phi <> 'direct'" if scope.sight == Sight.LIMITED else "true"
    connection.execute(f"""
        create schema catalog;
        create view catalog.tables as select * from published.catalog.tables where {tables};
        create view catalog.columns as select * from published.catalog.columns where {tables} and {columns};
    """)


def _where(table: str, scope: Scope) -> str:
    """The rows that remain: those of the scope's sites, by their location or by their patient's home."""
    column = SITE_OF[table] if scope.sites is not None else SHARED
    if column == SHARED:
        return ""
    here = "select location_key from published.marts.dim_locations where location_id in (select location_id from viewer.sites)"
    if column.endswith("patient_key"):
        return f"where {column} in (select patient_key from published.marts.dim_patients where home_location_key in ({here}))"
    return f"where {column} in ({here})"
