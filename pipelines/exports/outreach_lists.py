"""Exports the published outreach list: one file for people, one for the CRM.

outreach_list.csv    one row per patient to contact, for a spreadsheet
outreach_tasks.csv   one row per task to create in the CRM, and per held-out contact, with the CRM's own ids
"""

from pathlib import Path

import duckdb

from models.spreadsheet import neutralised

LIST_FILE, TASKS_FILE = "outreach_list.csv", "outreach_tasks.csv"

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
    """Write both files beside `folder`/warehouse.duckdb, which is opened read-only; returns their paths.

    UTF-8 with a byte-order mark, which Excel needs to detect the encoding; all text quoted; no cell that Excel would execute.
    """
    paths = []
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, query in ((LIST_FILE, _LIST), (TASKS_FILE, _TASKS)):
            rows = neutralised(connection.sql(query).pl())
            rows.write_csv(folder / name, include_bom=True, quote_style="non_numeric", line_terminator="\r\n")
            paths.append(folder / name)
    return paths
