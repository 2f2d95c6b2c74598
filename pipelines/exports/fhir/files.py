"""Writes the FHIR files for the selected measures and year.

MeasureReport.summary.ndjson       one line per measure: counts and rates, no patient
MeasureReport.individual.ndjson    one line per measure and patient, without restricted measures
Bundle.gaps-in-care.ndjson         one document per patient with an open or closed gap
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from models.audit_log.disclosing import PRACTICE
from models.audit_log.record import EVERYBODY
from pipelines.audit_log import record
from pipelines.errors import UsageError
from pipelines.exports.fhir import gap_bundles, measure_reports
from pipelines.exports.reported import ALL, reported_measures, reported_year
from pipelines.home import Home
from pipelines.landing.journal import restricted
from pipelines.publications.store import Publication, current
from pipelines.sql.connection import open_file
from pipelines.sql.literals import literal

PROFILE_BASE = "http://hl7.org/fhir/us/davinci-deqm"
SUMMARY, INDIVIDUAL, GAPS = "MeasureReport.summary.ndjson", "MeasureReport.individual.ndjson", "Bundle.gaps-in-care.ndjson"
# A person has the id of their chart; with several charts, the first by name. Several EHRs may use the same ids, so the id then
# contains the EHR's name: Patient/ehr-north.17 (FHIR ids have letters, digits, - and . only).
PATIENT_IDS = """
    select
        patient_key,
        arg_min(
            case when n_sources > 1 then replace(source_system, ':', '-') || '.' else '' end || source_id,
            (source_system, source_id)
        ) as patient_id
    from marts.dim_patient_links
    cross join (
        select count(distinct source_system) as n_sources from marts.dim_patient_links where source_record_type = 'ehr_patient'
    ) as sources
    where source_record_type = 'ehr_patient'
    group by patient_key
"""
# Patients per pass: their JSON is held in memory, about 20 kB each.
SHARE = 5_000
LINES = 1_000


def export(
    home: Home,
    folder: Path,
    *,
    measures: Sequence[str] = (ALL,),
    year: int | None = None,
    summary_only: bool = False,
    profile_base: str = PROFILE_BASE,
    to: str = "",
    purpose: str = "operations",
) -> dict[str, int]:
    """Write the files to `folder`, mode 0600. Returns the number of lines by file name.

    `to` whom they go, and for which `purpose`: audited; of real patients it must be said to whom. `year` is an evaluated calendar
    year, by default the reporting year. Gaps exist for the reporting year only; for another year their file is not written.
    Raises `NotPublished`, and `UsageError` for a measure or year that was not evaluated, or where nobody is said to receive it.
    """
    publication = current(home)
    if not (summary_only or publication.is_synthetic or to):
        raise UsageError("Say to whom the patients' reports go: --to 'Name of the payer'. The audit log keeps it.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open_file(home.published / publication.id / "warehouse.duckdb", read_only=True) as connection:
        year, is_reporting_year = reported_year(connection, year)
        connection.register("restricted_records", restricted(home, publication.practice_id))
        _show(connection, publication, reported_measures(connection, measures), year)
        (n_patients,) = connection.execute("select count(distinct patient_key) from every_result").fetchall()[0]
        n_shares = n_patients // SHARE + 1
        summary = measure_reports.measure_reports("summary", profile_base)
        patients: list[int] | str = [] if summary_only else _handed_out(connection)
        said, whom = f"FHIR {year} of {publication.id}", to or PRACTICE
        record(home, "exported", subject=said, n_rows=n_patients, patients=patients, purpose=purpose, to=whom)
        written = {SUMMARY: _write(folder / SUMMARY, connection, f"{summary} order by report_id", "report")}
        connection.execute("set variable is_named = true")
        if not summary_only:
            individual = measure_reports.measure_reports("individual", profile_base)
            written[INDIVIDUAL] = _write(folder / INDIVIDUAL, connection, individual, "report", n_shares)
        if not summary_only and is_reporting_year:
            written[GAPS] = _write(folder / GAPS, connection, gap_bundles.gap_bundles(profile_base), "bundle", n_shares)
    return written


def _handed_out(connection: duckdb.DuckDBPyConnection) -> list[int] | str:
    """Whom the files name: everybody, or by key all but those whose data is restricted."""
    if not connection.execute("from restricted limit 1").fetchall():
        return EVERYBODY
    named = "select distinct patient_key from every_result where patient_key not in (from restricted)"
    return [key for (key,) in connection.execute(named).fetchall()]


def _show(connection: duckdb.DuckDBPyConnection, publication: Publication, measures: list[str], year: int) -> None:
    """Create the views and variables that the SQL reads; every view but the first contains one share of the patients.

    The variable `is_named` is set where patients are named: then restricted measures, and those whose data is restricted, are
    left out.
    """
    for name in ("practice_id", "practice_name", "published_at"):
        connection.execute(f"set variable {name} = {literal(getattr(publication, name))}")
    connection.execute(f"set variable publication = {literal(publication.id)}")
    connection.execute(measure_reports.MACROS + gap_bundles.MACROS)
    connection.execute(
        f"""
        create temp view every_result as
        select
            results.*, links.patient_id, measures.title, measures.scoring, measures.is_inverse, measures.is_restricted,
            measures.has_exclusions, measures.has_exceptions,
            measures.canonical_url || '|' || results.measure_version as canonical
        from marts.fct_measure_results as results
        inner join marts.dim_measures as measures using (measure_code)
        inner join ({PATIENT_IDS}) as links using (patient_key)
        where results.is_initial_population
            and results.period_type = 'year'
            and year(results.period_start_on) = {year}
            and results.measure_code in ({", ".join(map(literal, measures)) or "null"});

        create temp table restricted as
        select distinct links.patient_key
        from marts.dim_patient_links as links
        inner join restricted_records using (source_system, source_record_type, source_id);

        create temp view reported as
        select * from every_result
        where patient_key % getvariable('n_shares') = getvariable('share')
            and (getvariable('is_named') is null or (not is_restricted and patient_key not in (from restricted)));

        create temp view evaluated as
        select
            measure_code, patient_key,
            -- The identifier says of which EHR: two of them may use one id.
            list(
                {{'reference': reference, 'identifier': {{'system': 'urn:caregap:source', 'value': source_system}}}}
                order by reference, source_system
            ) as resources
        from (
            select distinct measure_code, patient_key, source_system, resource_type || '/' || resource_id as reference
            from marts.fct_measure_evidence
            where year(period_start_on) = {year} and patient_key % getvariable('n_shares') = getvariable('share')
        )
        group by measure_code, patient_key;

        create temp view gaps as
        select * from marts.fct_care_gaps
        where gap_status in ('open', 'closed')
            and measure_code in (select measure_code from marts.dim_measures where is_for_outreach)
            and patient_key % getvariable('n_shares') = getvariable('share')
            and patient_key not in (from restricted);

        create temp view patients as
        select patients.*, ids.patient_id
        from marts.dim_patients as patients
        inner join (select distinct patient_key, patient_id from reported) as ids using (patient_key);
        """
    )


def _write(path: Path, connection: duckdb.DuckDBPyConnection, query: str, column: str, n_shares: int = 1) -> int:
    """Write one JSON resource per line, to a temporary file that is then renamed. Returns the number of lines."""
    beside = path.with_name(f".{path.name}")
    n_lines = 0
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600)
    with beside.open("w", encoding="utf-8") as file:
        for share in range(n_shares):
            connection.execute(f"set variable n_shares = {n_shares}; set variable share = {share}")
            lines = connection.execute(f"select cast({column} as varchar) from ({query})")
            while rows := lines.fetchmany(LINES):
                file.writelines(f"{line}\n" for (line,) in rows)
                n_lines += len(rows)
    beside.replace(path)
    return n_lines
