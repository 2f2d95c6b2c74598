"""Which days supplies of medicines cover, for the true care gaps."""

import polars as pl


def covered_days(supplies: pl.DataFrame, people: pl.DataFrame, length: int) -> pl.DataFrame:
    """How many of the `length` days from each person's `index_on` some supply covers: patient_id, n_days, last_on.

    supplies: patient_id, on (first day), days. Days that two supplies cover count once. `last_on`: the last covered day.
    """
    index = people.select("patient_id", "index_on")
    days = supplies.join(index, on="patient_id").with_columns(n=pl.int_ranges(pl.col("days"))).explode("n")
    days = days.with_columns(day=pl.col("on") + pl.duration(days=pl.col("n")))
    inside = days.filter((pl.col("day") - pl.col("index_on")).dt.total_days().is_between(0, length - 1))
    return inside.group_by("patient_id").agg(n_days=pl.col("day").n_unique(), last_on=pl.max("day"))


def end_to_end(supplies: pl.DataFrame) -> pl.DataFrame:
    """Supplies of one drug, each from its own first day or the day after the one before, whichever is later; `days` long."""
    ordered = supplies.sort("patient_id", "on")
    # The start of the n-th supply is the latest of: a start so far, plus the days of all supplies from it up to the n-th.
    before = pl.col("days").cum_sum().over("patient_id") - pl.col("days")
    shift = (pl.col("on").cast(pl.Int32) - before).cum_max().over("patient_id") + before
    return ordered.with_columns(on=shift.cast(pl.Int32).cast(pl.Date))
