"""The true care-gap state of patients for two measures, worked out from the simulated facts and not from the product's SQL.

Breast cancer screening (CMS125) and glycemic status above 9 % (CMS122), after the eCQM specifications of the 2026 measurement
period, as far as the simulated facts reach: ages, sex, visits, screenings and results, mastectomy, palliative care.
"""

from datetime import date

import numpy as np
import polars as pl

from data_samples.simulator.deliveries import Delivery
from data_samples.simulator.record import Record


def care_gaps(people: pl.DataFrame, record: Record, last: Delivery, years: tuple[int, ...]) -> pl.DataFrame:
    """One row per measure, year and patient of its initial population: status `open`, `closed` or `excluded`, evidence_on.

    Counts what was in the record at the last delivery.
    """
    known = {
        name: record.facts[name].filter(pl.col("recorded_at") <= last.at)
        for name in ("Observation", "Condition", "ServiceRequest")
    }
    visits = record.facts["Encounter"].filter(pl.col("ends_at") + pl.duration(minutes=20) <= last.at)
    return pl.concat(
        [frame for year in years for frame in (_cms125(people, known, visits, year), _cms122(people, known, visits, year))]
    )


def _population(people: pl.DataFrame, visits: pl.DataFrame, year: int, ages: tuple[int, int]) -> pl.DataFrame:
    """Patients of an age (completed years on 31 December) with a visit in the year, and whether palliative care is not in it."""
    age = year - pl.col("birth_on").dt.year()
    seen = visits.filter(pl.col("day").dt.year() == year)["patient_id"].unique()
    return people.filter(age.is_between(*ages) & pl.col("patient_id").is_in(seen.implode()))


def _has_code(known: dict[str, pl.DataFrame], codes: tuple[str, ...], until: date, since: date = date.min) -> pl.Series:
    """Patients with a condition whose onset lies between two days; a year or a month where every day of it does."""
    onset = pl.col("onset")
    length = onset.str.len_chars()
    first = pl.when(length == 4).then(onset + "-01-01").when(length == 7).then(onset + "-01").otherwise(onset).str.to_date()
    latest = pl.when(length == 4).then(first.dt.offset_by("1y").dt.offset_by("-1d"))
    latest = latest.when(length == 7).then(first.dt.offset_by("1mo").dt.offset_by("-1d")).otherwise(first)
    conditions = known["Condition"].filter(pl.col("code").is_in(codes))
    return conditions.filter((latest <= until) & (first >= since))["patient_id"].unique()


def _care_exclusions(people: pl.DataFrame, known: dict[str, pl.DataFrame], year: int) -> list[pl.Series]:
    """Palliative care, hospice, and from 66 years on frailty together with an advanced illness that began this year or last."""
    end = date(year, 12, 31)
    ordered = known["ServiceRequest"].filter((pl.col("code") == "385763009") & (_local_day("at").dt.year() == year))
    old = people.filter(year - pl.col("birth_on").dt.year() >= 66)["patient_id"]
    frail, ill = _has_code(known, ("Z74.1",), end), _has_code(known, ("F03.90",), end, date(year - 1, 1, 1))
    both = pl.DataFrame({"patient_id": old}).filter(
        pl.col("patient_id").is_in(frail.implode()) & pl.col("patient_id").is_in(ill.implode())
    )
    return [_has_code(known, ("Z51.5",), end), ordered["patient_id"].unique(), both["patient_id"]]


def _local_day(column: str) -> pl.Expr:
    return pl.col(column).dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York").dt.date()


def _cms125(people: pl.DataFrame, known: dict[str, pl.DataFrame], visits: pl.DataFrame, year: int) -> pl.DataFrame:
    members = _population(people, visits, year, (42, 74)).filter(pl.col("sex") == "female")
    end = date(year, 12, 31)
    images = known["Observation"].filter((pl.col("code") == "24606-6") & (pl.col("category") == "imaging"))
    images = images.with_columns(on=_local_day("at")).filter(pl.col("on").is_between(date(year - 2, 10, 1), end))
    evidence = images.group_by("patient_id").agg(evidence_on=pl.max("on"))
    excluded = pl.concat([_has_code(known, ("Z90.13",), end), *_care_exclusions(people, known, year)]).unique()
    return _status(members, evidence, excluded, "CMS125", year)


def _cms122(people: pl.DataFrame, known: dict[str, pl.DataFrame], visits: pl.DataFrame, year: int) -> pl.DataFrame:
    diagnosed = known["Condition"].filter((pl.col("code") == "E11.9") & (pl.col("category") == "encounter-diagnosis"))
    diagnosed = diagnosed.filter(pl.col("onset").str.to_date() <= date(year, 12, 31))["patient_id"].unique()
    members = _population(people, visits, year, (18, 75)).filter(pl.col("patient_id").is_in(diagnosed.implode()))
    results = (
        known["Observation"]
        .filter(pl.col("code") == "4548-4")
        .with_columns(on=_local_day("at"), percent=pl.col("value").str.extract(r'"value":([0-9.]+)').cast(pl.Float64))
    )
    results = results.filter(pl.col("on").dt.year() == year)
    latest = results.filter(pl.col("on") == pl.col("on").max().over("patient_id"))
    lowest = latest.group_by("patient_id").agg(evidence_on=pl.max("on"), percent=pl.min("percent"))
    excluded = pl.concat(_care_exclusions(people, known, year)).unique()
    return _status(members, lowest.filter(pl.col("percent") <= 9).drop("percent"), excluded, "CMS122", year)


def _status(members: pl.DataFrame, evidence: pl.DataFrame, excluded: pl.Series, code: str, year: int) -> pl.DataFrame:
    """`evidence` closes the gap; who is `excluded` has none."""
    is_excluded = pl.col("patient_id").is_in(excluded.implode())
    status = pl.when(is_excluded).then(pl.lit("excluded")).when(pl.col("evidence_on").is_not_null()).then(pl.lit("closed"))
    return (
        members.select("patient_id")
        .join(evidence, on="patient_id", how="left", maintain_order="left")
        .select(
            "patient_id",
            measure_code=pl.lit(code),
            period_year=pl.lit(year, dtype=pl.Int32),
            status=status.otherwise(pl.lit("open")),
            evidence_on=pl.when(~is_excluded).then("evidence_on"),
        )
    )


def measured_years(end_on: np.datetime64) -> tuple[int, ...]:
    """The year of the last day and the one before."""
    year = int(str(end_on)[:4])
    return year - 1, year
