"""The ids of measures and populations, which CMS knows them by and which change every year.

They stand in the specifications of the eCQMs; the FHIR measures, which are evaluated here, have none. So whoever reports brings
a CSV with the columns `measure_code`, `group_id`, `population`, `stratum` and `id`, a row per id: `measure` (the
version-specific id, without group), `IPOP`, `DENOM`, `DENEX`, `DENEXCEP`, `NUMER`, and `STRAT` for each stratum.
"""

import csv
from pathlib import Path
from uuid import UUID

from pipelines.errors import UsageError

COLUMNS = ("measure_code", "group_id", "population", "stratum", "id")
MEASURE, STRATUM = "measure", "STRAT"
POPULATIONS = ("IPOP", "DENOM", "DENEX", "DENEXCEP", "NUMER")
"""As ObservationPopulationInclusion (2.16.840.1.113883.1.11.20369) names them, in the order of the report."""

Identifiers = dict[tuple[str, str, str, str], str]
"""An id by measure, group, population and stratum."""


def identifiers(path: Path) -> Identifiers:
    """The ids of a file. Raises `UsageError` with the row for a column, population or id that is none."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: cannot be read as CSV ({type(error).__name__}).") from error
    if not rows or not set(COLUMNS) <= set(rows[0]):
        raise UsageError(f"{path}: needs a header with {', '.join(COLUMNS)}, and a row per id.")
    found: Identifiers = {}
    for number, row in enumerate(rows, start=2):
        measure, group, population, stratum, given = ((row[name] or "").strip() for name in COLUMNS)
        if population not in (MEASURE, STRATUM, *POPULATIONS):
            raise UsageError(f"{path}, row {number}: population is none of {', '.join((MEASURE, *POPULATIONS, STRATUM))}.")
        try:
            found[measure, "" if population == MEASURE else group, population, stratum] = str(UUID(given)).upper()
        except ValueError:
            raise UsageError(f"{path}, row {number}: id is no UUID. Copy it from the measure's specification.") from None
    return found
