"""Writes the published outreach list as files: for people, for the CRM, and who is held out.

outreach_list.xlsx       one row per patient to contact, most urgent first over all sites, for a spreadsheet, its texts as texts
outreach_list.csv        the same as CSV
for_clinician.csv        one row per urgent patient whom outreach may not contact, for a clinician to decide on
outreach_tasks.csv       one row per task to create in the CRM, within capacity, without anything clinical
outreach_held_out.csv    one row per contact of the CRM that is held out at random, so two of whom it has twice: for the record of
                         the trial, never to be imported

Whoever was contacted, opted out, died or was restricted (`caregap person restrict`) after the publication was made is left out,
at the moment of writing. A list that is too old to work from says so in the column `warning` of every row, and its workbook turns
red once the day is over.
"""

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
from polars import selectors

from models.audit_log.disclosing import PRACTICE
from models.spreadsheet import as_csv, as_xlsx
from models.wording import counted, day, days_in, signs_in
from models.worklists import days_too_old, good_until
from pipelines.audit_log import record
from pipelines.clock import now
from pipelines.home import Home
from pipelines.keys import sealed
from pipelines.landing.journal import recorded, restricted
from pipelines.publications.store import WAREHOUSE, Publication
from pipelines.sql.connection import open_file

LIST_FILE, BOOK_FILE = "outreach_list.csv", "outreach_list.xlsx"
TASKS_FILE, HELD_OUT_FILE, CLINICIAN_FILE = "outreach_tasks.csv", "outreach_held_out.csv", "for_clinician.csv"
LISTS = (LIST_FILE, BOOK_FILE, TASKS_FILE, HELD_OUT_FILE, CLINICIAN_FILE)
"""Every file that `write_outreach` writes."""

SENTENCES = frozenset({"why", "reason_1", "reason_2", "reason_3", "next_action"})
"""Columns that are read and not computed with."""

_RESTRICTED = """
    select links.patient_key
    from marts.dim_patient_links as links
    inner join restricted using (source_system, source_record_type, source_id)
"""
# A person is named in the journal by the record that gave the person the key.
_NOT_SINCE = f"""
    patient_key not in (
        select links.patient_key
        from marts.dim_patient_links as links
        inner join recorded
            on links.source_system = recorded.patient_source_system
            and links.source_record_type = recorded.patient_record_type
            and links.source_id = recorded.patient_source_id
        where recorded.outcome_id not in (select outcome_id from marts.fct_outreach_outcomes)
        union all
        {_RESTRICTED}
    )
"""
_LIST = f"""
    select
        $warning as warning,
        * exclude (patient_key, location_key)
        replace (round(score, 3) as score, round(expected_benefit_usd, 2) as expected_benefit_usd)
    from delivery.out_outreach_list
    where {_NOT_SINCE}
    order by is_clinically_urgent desc, is_within_capacity desc, expected_benefit_usd desc, priority_rank, patient_key
"""
_FOR_CLINICIAN = f"""
    select
        $warning as warning, left_out.listed_on, profiles.mrn, profiles.patient_name, profiles.birth_date, profiles.language,
        profiles.needs_interpreter, left_out.why, left_out.suppress_reason, left_out.care_phone,
        profiles.provider_name, profiles.location_name, profiles.last_visit_on, profiles.next_appointment_at
    from delivery.out_outreach_suppressions as left_out
    inner join delivery.out_patient_profiles as profiles using (patient_key)
    where left_out.is_for_clinician and {_NOT_SINCE.replace("patient_key not in", "left_out.patient_key not in", 1)}
    order by profiles.location_name, profiles.patient_name, left_out.patient_key
"""
_TASKS = f"""
    select * exclude (patient_key, location_key)
    from delivery.out_outreach_tasks
    where {_NOT_SINCE}
    order by is_urgent desc, due_on, location_id, priority_rank, external_id
"""
_HELD_OUT = f"""
    select
        links.source_system as contact_source_system, links.source_id as contact_id, locations.location_id,
        left_out.listed_on as held_out_on, left_out.next_eligible_on
    from delivery.out_outreach_suppressions as left_out
    inner join marts.dim_patient_links as links using (patient_key)
    left join marts.dim_locations as locations using (location_key)
    where left_out.is_held_out and links.source_record_type = 'crm_contact' and left_out.patient_key not in ({_RESTRICTED})
    order by all
"""

_NAMED = f"""
    select patient_key from delivery.out_outreach_list where patient_key not in ({_RESTRICTED})
    union all
    select patient_key from delivery.out_outreach_suppressions
    where (is_held_out or is_for_clinician) and patient_key not in ({_RESTRICTED})
"""
"""Everybody whom the files may name."""


def write_outreach(home: Home, publication: Publication, warehouse: Path, folder: Path) -> dict[Path, int]:
    """Write the files of the publication whose `warehouse` this is into `folder`; returns each file's number of rows.

    Instants are written by the practice's clock. In the folder of a publication of an encrypted home they are encrypted.
    """
    listed, for_clinician, tasks, held_out = _rows(home, publication, warehouse)
    last = good_until(date.fromisoformat(publication.as_of_on), is_synthetic=publication.is_synthetic)
    listed, for_clinician = (
        rows.with_columns(_in_words(rows, name) for name in SENTENCES & set(rows.columns)) for rows in (listed, for_clinician)
    )
    to_the_minute = selectors.datetime().dt.to_string("%Y-%m-%d %H:%M")
    written = {
        LIST_FILE: (as_csv(listed.with_columns(to_the_minute)), listed),
        BOOK_FILE: (as_xlsx(listed, "outreach list", last), listed),
        CLINICIAN_FILE: (as_csv(for_clinician.with_columns(to_the_minute)), for_clinician),
        TASKS_FILE: (as_csv(tasks), tasks),
        HELD_OUT_FILE: (as_csv(held_out), held_out),
    }
    for name, (content, _) in written.items():
        (folder / name).write_bytes(sealed(folder / name, content))
    return {folder / name: rows.height for name, (_, rows) in written.items()}


def write_outreach_anew(
    home: Home, publication: Publication, folder: Path, *, to: str = PRACTICE, purpose: str = "operations"
) -> dict[Path, int]:
    """Write the files of a publication into `folder`, audited, `to` whom and for which `purpose`; each file's number of rows.

    Raises `EnvironmentNotReady` where the audit log cannot be written; then nothing was written.
    """
    warehouse = home.published / publication.id / WAREHOUSE
    with open_file(warehouse, read_only=True) as connection:
        connection.register("restricted", restricted(home, publication.practice_id))
        keys = [key for (key,) in connection.execute(_NAMED).fetchall()]
    said = f"outreach list of {publication.id}"
    record(home, "exported", subject=said, n_rows=len(keys), patients=keys, purpose=purpose, to=to)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return write_outreach(home, publication, warehouse, folder)


def stale_in_words(publication: Publication) -> str | None:
    """That the publication's lists are too old to work from today; None while they are good."""
    made_for = date.fromisoformat(publication.as_of_on)
    today = now().astimezone(ZoneInfo(publication.time_zone)).date()
    n_days = days_too_old(made_for, today, is_synthetic=publication.is_synthetic)
    if not n_days:
        return None
    return f"{counted(n_days, 'day')} old: made for {day(made_for)}. Do not work from it; have a new run made."


def _in_words(rows: pl.DataFrame, name: str) -> pl.Series:
    """A column of sentences with days and signs as people write them."""
    return pl.Series(name, [text and signs_in(days_in(text)) for text in rows[name]], dtype=pl.String)


def _rows(home: Home, publication: Publication, warehouse: Path) -> tuple[pl.DataFrame, ...]:
    outcomes = recorded(home, publication.practice_id, "outreach_outcomes").filter(~pl.col("is_withdrawn"))
    warning = {"warning": stale_in_words(publication)}
    with open_file(warehouse, read_only=True) as connection:
        connection.register("recorded", outcomes)
        connection.register("restricted", restricted(home, publication.practice_id))
        listed, for_clinician = (connection.sql(query, params=warning).pl() for query in (_LIST, _FOR_CLINICIAN))
        tasks, held_out = (connection.sql(query).pl() for query in (_TASKS, _HELD_OUT))
    by_the_practices_clock = selectors.datetime().dt.convert_time_zone(publication.time_zone).dt.replace_time_zone(None)
    said = pl.col("warning").cast(pl.String)
    return (
        listed.with_columns(by_the_practices_clock, said),
        for_clinician.with_columns(by_the_practices_clock, said),
        tasks,
        held_out,
    )
