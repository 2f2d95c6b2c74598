"""Who and where the practice is, who pays, and its calendar."""

import polars as pl

from models.contract import ALL_SITES, Contract, field, optional
from models.deidentification import ABSENT
from models.published.facts import PAYER_CLASSES, SOURCE_SYSTEM

_LOCATION_KEY = field(pl.Int64, "The site; empty: not known.", nullable=True, refers_to="dim_locations.location_key")


_CONTRACTS = (
    Contract(
        "dim_providers",
        "provider",
        ("provider_key",),
        {
            "provider_key": field(pl.Int64, "The provider: surrogate of the source and the practitioner's id."),
            "source_system": SOURCE_SYSTEM,
            "practitioner_id": field(pl.String, "The EHR's id of the practitioner."),
            "npi": optional(pl.String, "National Provider Identifier."),
            "first_name": optional(pl.String, "Given name."),
            "last_name": optional(pl.String, "Family name."),
            "provider_name": field(pl.String, "Family name, given name."),
            "specialty": optional(pl.String, "Specialty of the role held now, or last."),
            "location_key": _LOCATION_KEY,
            "started_on": optional(pl.Date, "First day of that role."),
            "ended_on": optional(pl.Date, "Last day of that role; empty: still held."),
            "is_active": field(pl.Boolean, "Works here on the day that the run looks back from."),
        },
        owner="practice manager",
        site=ALL_SITES,
        deidentified=ABSENT,
    ),
    Contract(
        "dim_locations",
        "site",
        ("location_key",),
        {
            "location_key": field(pl.Int64, "The site: surrogate of the source and the location's id."),
            "source_system": SOURCE_SYSTEM,
            "location_id": field(pl.String, "The EHR's id of the site."),
            "location_name": optional(pl.String, "Its name."),
            "address_line": optional(pl.String, "Street and number."),
            "city": optional(pl.String, "City."),
            "state": optional(pl.String, "State."),
            "postal_code": optional(pl.String, "ZIP code, five digits."),
            "is_active": field(pl.Boolean, "In use."),
            "program_name": optional(pl.String, "The engagement program that the site joined first."),
            "program_go_live_on": optional(pl.Date, "First day on it; empty: not on a program, and no day set."),
        },
        notes="If an EHR exports no sites, its organizations are used.",
        owner="practice manager",
        site="location_key",
        deidentified=ABSENT,
    ),
    Contract(
        "dim_payers",
        "payer of a source",
        ("payer_key",),
        {
            "payer_key": field(pl.Int64, "The payer: surrogate of the source and its id there."),
            "source_system": SOURCE_SYSTEM,
            "payer_id": field(pl.String, "The source's own id; where the EHR has none, the payer's name."),
            "payer_name": optional(pl.String, "Its name."),
            "payer_class": field(pl.String, "Its class.", values=PAYER_CLASSES),
        },
        owner="finance lead",
        site=ALL_SITES,
        deidentified=ABSENT,
    ),
    Contract(
        "dim_programs",
        "engagement program and site",
        ("program_key",),
        {
            "program_key": field(pl.Int64, "Surrogate of the source, the program and the site."),
            "source_system": SOURCE_SYSTEM,
            "program_name": field(pl.String, "The engagement program."),
            "location_id": field(pl.String, "The EHR's id of the site."),
            "location_key": _LOCATION_KEY,
            "go_live_on": optional(pl.Date, "First day on the program; empty: no day set."),
            "is_live": field(pl.Boolean, "On the program on the day that the run looks back from."),
        },
        owner="practice manager",
        site=ALL_SITES,
        deidentified=ABSENT,
    ),
    Contract(
        "dim_dates",
        "day",
        ("date_on",),
        {
            "date_on": field(pl.Date, "The day."),
            "year": field(pl.Int32, "Calendar year."),
            "quarter": field(pl.Int32, "Quarter of the year, 1 to 4."),
            "month": field(pl.Int32, "Month of the year, 1 to 12."),
            "month_on": field(pl.Date, "First day of the month."),
            "week_on": field(pl.Date, "Monday of the week."),
            "day_of_week": field(pl.Int32, "Monday 1 to Sunday 7."),
            "is_weekend": field(pl.Boolean, "Saturday or Sunday."),
            "is_past": field(pl.Boolean, "Before the day that the run looks back from."),
            "is_in_complete_month": field(pl.Boolean, "In a month that is wholly before that day."),
        },
        notes="From ten years before the run's year to the end of the year after it.",
        owner="practice manager",
        site=ALL_SITES,
        deidentified=ABSENT,
    ),
)

DIRECTORY: dict[str, Contract] = {f"marts.{contract.name}": contract for contract in _CONTRACTS}
