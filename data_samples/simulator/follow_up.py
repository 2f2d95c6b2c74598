"""Follow-up orders: by when a clinician asks a patient to come back. They set the expected interval of `laws.py`."""

import numpy as np
import polars as pl

from data_samples.simulator.facts import SNOMED

_FOLLOW_UP_ENCOUNTER = "390906007"
_TAKEN_BACK = 0.05
"""Share of orders with a second one written by mistake and revoked before the visit ended."""


def follow_up_orders(encounters: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """Orders of one chunk's visits (`ordered_days`), as facts with `status` and `occurs_on`, the day by which to come back.

    An order is completed if the next visit is booked as the patient leaves, otherwise active. It never changes later: a version
    from the patient's return would reveal who returned. It is on record before the day of the visit ends.
    """
    ordered = encounters.filter(pl.col("ordered_days").is_not_null())
    orders = ordered.with_columns(
        status=pl.when("has_follow_up").then(pl.lit("completed")).otherwise(pl.lit("active")), after=pl.lit(8)
    )
    # Written after the valid order: taking the newest order regardless of status is wrong.
    mistakes = ordered.filter(pl.Series(random.random(ordered.height) < _TAKEN_BACK))
    mistakes = mistakes.with_columns(status=pl.lit("revoked"), after=pl.lit(10), ordered_days=pl.col("ordered_days") // 2)
    both = pl.concat([orders, mistakes])
    return both.select(
        "patient_id",
        "encounter_id",
        "practitioner_id",
        "status",
        at=pl.col("starts_at") + pl.duration(minutes="after"),
        recorded_at=pl.col("ends_at") + pl.duration(minutes=20),
        occurs_on=pl.col("day") + pl.duration(days="ordered_days"),
        system=pl.lit(SNOMED),
        code=pl.lit(_FOLLOW_UP_ENCOUNTER),
        kind=pl.lit("follow-up"),
        reason=pl.lit(None, dtype=pl.String),
    )
