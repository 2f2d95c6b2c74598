"""The note of every visit."""

import numpy as np
import polars as pl

from data_samples.simulator.facts import LOINC, recorded


def notes(visits: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """The note of every visit, as a report."""
    at = visits["ends_at"].to_numpy()
    return pl.DataFrame(
        {
            "id": "rep-" + visits["encounter_id"].str.slice(4),
            "patient_id": visits["patient_id"],
            "encounter_id": visits["encounter_id"],
            "at": visits["starts_at"],
            "recorded_at": pl.Series(recorded(at, random, 5), dtype=pl.Datetime("us")),
            "category": pl.repeat("LP29708-2", visits.height, eager=True),
            "category_system": pl.repeat(LOINC, visits.height, eager=True),
            "code": pl.repeat("34108-1", visits.height, eager=True),
            "results": pl.repeat(None, visits.height, dtype=pl.String, eager=True),
        }
    )
