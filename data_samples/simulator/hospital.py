"""Hospital stays known to the EHR: a few, half of them followed by a visit to the practice within two weeks."""

import numpy as np
import polars as pl

_MINUTE = np.timedelta64(1, "m")
_BEFORE_VISIT, _AT_RANDOM, _AGAIN = 0.014, 0.024, 0.12
"""Share of visits that follow a discharge; other stays per patient and year; stays followed by another within 30 days."""


def stays(
    people: pl.DataFrame, seen: pl.DataFrame, start_on: np.datetime64, end_on: np.datetime64, random: np.random.Generator
) -> pl.DataFrame:
    """One row per stay of one chunk: patient_id, starts_at, ends_at, recorded_at (UTC). Nobody is in two at once, or dead."""
    likely = (seen["age"].to_numpy() >= 45) & (people["n_chronic"].to_numpy()[seen["patient"].to_numpy()] > 0)
    visits = seen.filter(pl.Series(likely & (random.random(seen.height) < _BEFORE_VISIT)))
    discharged = visits["starts_at"].to_numpy() - (random.uniform(2, 13, visits.height) * 1440).astype("timedelta64[m]")
    days = int((end_on - start_on).astype(int))
    others = people.filter(pl.Series(random.random(people.height) < _AT_RANDOM * days / 365) & (pl.col("n_chronic") > 0))
    sometime = start_on.astype("datetime64[us]") + (random.uniform(8, days, others.height) * 1440).astype("timedelta64[m]")
    patient = pl.concat([visits["patient_id"], others["patient_id"]])
    ends = np.concatenate([discharged, sometime])
    again = np.flatnonzero(random.random(len(ends)) < _AGAIN)
    later = ends[again] + (random.uniform(9, 27, len(again)) * 1440).astype("timedelta64[m]")
    ends = np.concatenate([ends, later])
    starts = ends - (random.uniform(1.2, 6, len(ends)) * 1440).astype("timedelta64[m]")
    frame = pl.DataFrame(
        {
            "patient_id": pl.concat([patient, patient.gather(again)]),
            "starts_at": pl.Series(starts, dtype=pl.Datetime("us")),
            "ends_at": pl.Series(ends, dtype=pl.Datetime("us")),
            "recorded_at": pl.Series(ends + random.integers(300, 3000, len(ends)) * _MINUTE, dtype=pl.Datetime("us")),
        }
    )
    frame = frame.join(people.select("patient_id", "died_on"), on="patient_id", how="left", maintain_order="left")
    frame = frame.filter((pl.col("ends_at").dt.date() < pl.col("died_on")).fill_null(True)).drop("died_on")
    frame = frame.sort("patient_id", "starts_at").with_columns(before=pl.col("ends_at").shift().over("patient_id"))
    return frame.filter(pl.col("before").is_null() | (pl.col("before") < pl.col("starts_at"))).drop("before")
