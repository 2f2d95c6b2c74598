"""Amounts and days as billing writes them."""

import numpy as np
import polars as pl

from data_samples.simulator.clock import local_instants

NO_DAY = np.datetime64("NaT", "D")


def days(values: np.ndarray) -> np.ndarray:
    """Numbers, rounded to whole days and never negative, as `timedelta64[D]`."""
    return np.maximum(np.round(values), 0).astype("timedelta64[D]")


def evening(on: np.ndarray | pl.Series) -> pl.Series:
    """The UTC instant at which a day's batch is closed (20:00 local); null where there is no day."""
    on = on.to_numpy() if isinstance(on, pl.Series) else on
    known = ~np.isnat(on)
    at = np.full(len(on), np.datetime64("NaT"), dtype="datetime64[us]")
    at[known] = local_instants(on[known], np.full(known.sum(), 20 * 60))
    return pl.Series(at)


def dollars(cents: np.ndarray | pl.Series) -> pl.Series:
    return pl.Series(np.asarray(cents, dtype=np.int64)) / 100
