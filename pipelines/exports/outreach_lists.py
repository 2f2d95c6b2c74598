"""Exports the published outreach list: one file for people, one for the CRM.

outreach_list.xlsx   one row per patient to contact, for a spreadsheet, its texts as texts
outreach_list.csv    the same as CSV
outreach_tasks.csv   one row per task to create in the CRM, and per held-out contact, with the CRM's own ids
"""

from pathlib import Path

import duckdb

from models.spreadsheet import as_csv, as_xlsx

LIST_FILE, BOOK_FILE, TASKS_FILE = "outreach_list.csv", "outreach_list.xlsx", "outreach_tasks.csv"

_LIST = "select * exclude (patient_key, location_key) from delivery.out_outreach_list order by location_name, priority_rank"
# The reasons are those of the CRM's contract of outreach tasks.
_TASKS = """
    with listed as (
        select
            contact_id, location_key, list_reason, recommended_channel as channel, listed_on, due_on, next_action,
            false as is_held_out
        from delivery.out_outreach_list
        union all
        select links.source_id, left_out.location_key, left_out.list_reason, null, left_out.listed_on, null, null, true
        from delivery.out_outreach_suppressions as left_out
        inner join marts.dim_patient_links as links using (patient_key)
        where left_out.is_held_out and links.source_record_type = 'crm_contact'
    )
    select
        listed.contact_id,
        locations.location_id,
        case listed.list_reason
            when 'disengagement' then 'disengagement' when 'reengagement' then 'reactivation' else 'care_gap'
        end as reason,
        listed.channel,
        listed.listed_on as created_on,
        listed.due_on,
        listed.next_action,
        listed.is_held_out
    from listed
    left join marts.dim_locations as locations using (location_key)
    where listed.contact_id is not null
    order by listed.is_held_out, locations.location_id, listed.due_on, listed.contact_id
"""


def write_outreach(folder: Path) -> list[Path]:
    """Write the files beside `folder`/warehouse.duckdb, which is opened read-only; returns their paths."""
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        listed, tasks = connection.sql(_LIST).pl(), connection.sql(_TASKS).pl()
    written = {LIST_FILE: as_csv(listed), BOOK_FILE: as_xlsx(listed, "outreach list"), TASKS_FILE: as_csv(tasks)}
    for name, content in written.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in written]
