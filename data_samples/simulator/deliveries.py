"""Content of each delivery: the versions current at export; later deliveries contain only changes since the previous one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock, local_instants

OVERLAP_DAYS = 10
"""A later delivery repeats changes from the last days before the earlier one, as exports with a safety margin do."""
_NULL = pl.lit(None, dtype=pl.Datetime("us"))


@dataclass(frozen=True)
class Delivery:
    """One export: `folder` is its date, `at` the UTC instant that it shows; it holds what changed after `since` (None: all)."""

    folder: str
    at: datetime
    since: datetime | None

    def takes(self) -> pl.Expr:
        """Which versions (`updated_at`, `superseded_at`) belong to this delivery."""
        current = (pl.col("updated_at") <= self.at) & (pl.col("superseded_at").is_null() | (pl.col("superseded_at") > self.at))
        return current if self.since is None else current & (pl.col("updated_at") > self.since)


def make_deliveries(clock: Clock) -> tuple[Delivery, ...]:
    """A full delivery at the end of the month before the last one, and one of what changed since, at the end."""
    last = np.datetime64(clock.end_on)
    first = clock.month_starts[clock.last] - 1
    at_first, at_last = (local_instants(np.array([day]), np.array([23 * 60 + 59]))[0].item() for day in (first, last))
    since = at_first - timedelta(days=OVERLAP_DAYS)
    return Delivery(str(first), at_first, None), Delivery(str(last), at_last, since)


def versioned(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `updated_at` and `superseded_at`; facts that never change have one version, since `recorded_at`."""
    if "updated_at" not in frame.columns:
        frame = frame.with_columns(updated_at=pl.col("recorded_at"))
    return frame if "superseded_at" in frame.columns else frame.with_columns(superseded_at=_NULL)


def needed(frame: pl.DataFrame, deliveries: tuple[Delivery, ...]) -> pl.DataFrame:
    """The versions that some delivery takes."""
    return versioned(frame).filter(pl.any_horizontal([delivery.takes() for delivery in deliveries]))


def two_versions(frame: pl.DataFrame, *, began: str, ended: str, before: dict[str, pl.Expr]) -> pl.DataFrame:
    """Versions of rows that change once: as they were from the instant `began`, and as they are since `ended` (null: not yet).

    `before` gives the columns that were different in the first version. A change at the very instant of the beginning has one.
    """
    types = {name: frame.schema[name] for name in before}
    changed = pl.col(ended).is_not_null() & (pl.col(ended) > pl.col(began))
    first = frame.filter(changed | pl.col(ended).is_null()).with_columns(updated_at=pl.col(began), superseded_at=pl.col(ended))
    first = first.with_columns(**{name: value.cast(types[name]) for name, value in before.items()})
    second = frame.filter(pl.col(ended).is_not_null()).with_columns(updated_at=pl.col(ended), superseded_at=_NULL)
    return pl.concat([first, second])
