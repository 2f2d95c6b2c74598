"""What people write on the pages: comments, events and goals on KPIs, and views that a person keeps. None names a patient."""

import polars as pl

from models.contract import INSTANT, Contract, field, optional
from models.phi import Phi

NOTE_KINDS = ("comment", "event", "goal")
LONGEST_NOTE, LONGEST_VIEW_TITLE, LONGEST_ADDRESS = 200, 60, 1000

KPI_NOTES = Contract(
    "kpi_notes",
    "comment, event or goal on a month, of one KPI or of all",
    ("note_id",),
    {
        "note_id": field(pl.String, "Random id of the entry."),
        "kind": field(pl.String, "What it is.", values=NOTE_KINDS),
        "kpi_code": optional(pl.String, "The KPI; empty: all, as an event may be."),
        "month_on": field(pl.Date, "First day of the month that it is about."),
        "value": optional(pl.Float64, "Of a goal: the value to reach, in the KPI's unit."),
        "text": field(pl.String, "In the author's words; never a patient's name."),
        "author": field(pl.String, "Who wrote it, as they signed in.", phi=Phi.DIRECT),
        "is_withdrawn": field(pl.Boolean, "It was taken back."),
        "updated_at": field(INSTANT, "When this version was written; the latest one wins."),
    },
    notes="Written by the KPI explorer into the home's journal, and read from there; no table is made of it.",
)
SAVED_VIEWS = Contract(
    "saved_views",
    "view of a page that a person keeps",
    ("view_id",),
    {
        "view_id": field(pl.String, "Random id of the entry."),
        "person": field(pl.String, "Whose it is, as they signed in.", phi=Phi.DIRECT),
        "page": field(pl.String, "The page's name."),
        "title": field(pl.String, "What the person calls it."),
        "query": optional(pl.String, "The filters as they stand in the address."),
        "is_withdrawn": field(pl.Boolean, "It was removed."),
        "updated_at": field(INSTANT, "When this version was written; the latest one wins."),
    },
    notes="Written by every page into the home's journal, and read from there; no table is made of it.",
)
