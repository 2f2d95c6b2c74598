"""What pharmacies handed over of the chronic medications that were ordered: on time, late, or never."""

import numpy as np
import polars as pl

_PICKED_UP, _STEADY = 0.95, 0.72
"""Share of orders that are picked up at all, and of patients who refill in time; the others wait, and give up now and then."""
_WAIT_DAYS, _GOES_ON = 24, 0.85
"""Mean days that the others are without, and probability that they come for the next refill."""
_DAY = np.timedelta64(1, "D")


def dispenses(orders: pl.DataFrame, people: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """One row per supply handed over: patient_id, code, days (of supply), at, recorded_at; of the orders with `is_chronic`.

    Each order allows `refills` supplies after the first. A newer order of the drug ends the refills of the one before.
    """
    is_steady = people.select("patient_id", "died_on", is_steady=pl.Series(random.random(people.height) < _STEADY))
    orders = orders.filter("is_chronic").join(is_steady, on="patient_id", how="left", maintain_order="left")
    orders = orders.sort("patient_id", "code", "at").with_columns(replaced_at=pl.col("at").shift(-1).over("patient_id", "code"))
    n = orders.height
    steady, days = orders["is_steady"].to_numpy(), orders["days"].to_numpy()
    # numpy's fmin ignores a missing instant.
    latest = np.fmin(orders["replaced_at"].to_numpy(), orders["died_on"].to_numpy().astype("datetime64[us]"))
    at = orders["at"].to_numpy() + random.integers(0, 3, n) * _DAY + np.timedelta64(90, "m")
    goes_on = random.random(n) < _PICKED_UP
    frames = []
    for number in range((orders.select(pl.max("refills")).item() or 0) + 1):
        goes_on &= (number <= orders["refills"].to_numpy()) & ~(at >= latest)
        rows = np.flatnonzero(goes_on)
        frames.append(
            orders[rows].select(
                "patient_id",
                "code",
                "days",
                at=pl.Series(at[rows], dtype=pl.Datetime("us")),
                recorded_at=pl.Series(at[rows] + (random.integers(1, 30, len(rows)) * 60).astype("timedelta64[m]")),
            )
        )
        wait = np.where(steady, random.integers(-5, 3, n), random.exponential(_WAIT_DAYS, n).astype(int))
        at = at + (days + wait) * _DAY
        goes_on &= steady | (random.random(n) < _GOES_ON)
    return pl.concat(frames)
