"""The true care gaps of patients with diabetes or high blood pressure, after the eCQM specifications of 2026."""

from datetime import date

import polars as pl

from data_samples.simulator.known_facts import Known, age_at_end, age_at_start, judged, quantity

_DIABETES, _HYPERTENSION = "E11.9", "I10"


def chronic_gaps(known: Known, year: int) -> list[pl.DataFrame]:
    return [rule(known, year) for rule in (_cms122, _cms131, _cms165, _cms951)]


def _diabetic(known: Known, year: int) -> pl.DataFrame:
    """Seen in the year, and diagnosed at a visit by its end."""
    at_visits = known.conditions.filter((pl.col("code") == _DIABETES) & (pl.col("category") == "encounter-diagnosis"))
    diagnosed = at_visits.filter(pl.col("latest_on") <= date(year, 12, 31))["patient_id"].unique()
    members = known.members(year, age_at_end(year).is_between(18, 75), known.seen(year))
    return members.filter(pl.col("patient_id").is_in(diagnosed.implode()))


def _cms122(known: Known, year: int) -> pl.DataFrame:
    """Glycated haemoglobin: the lowest result of the year's last day of testing is at most 9 %."""
    results = known.results("4548-4", date(year, 1, 1), date(year, 12, 31)).with_columns(percent=quantity())
    latest = results.filter(pl.col("on") == pl.col("on").max().over("patient_id"))
    lowest = latest.filter(pl.col("percent") == pl.col("percent").min().over("patient_id"))
    return judged(_diabetic(known, year), lowest.filter(pl.col("percent") <= 9), known.too_ill(year), "CMS122", year)


def _cms131(known: Known, year: int) -> pl.DataFrame:
    """Eyes: an exam this year, or the year before in who has no retinopathy."""
    exams = known.results("252779009", date(year - 1, 1, 1), date(year, 12, 31))
    is_harmed = pl.col("patient_id").is_in(known.diagnosed("E11.319", date(year, 12, 31)).implode())
    exams = exams.filter((pl.col("on").dt.year() == year) | ~is_harmed)
    return judged(_diabetic(known, year), exams, known.too_ill(year), "CMS131", year)


def _cms165(known: Known, year: int) -> pl.DataFrame:
    """Blood pressure: on the year's last day of measuring the lowest systolic is below 140, the lowest diastolic below 90."""
    diagnosed = known.diagnosed(_HYPERTENSION, date(year, 6, 30))
    members = known.members(year, age_at_end(year).is_between(18, 85), known.seen(year))
    members = members.filter(pl.col("patient_id").is_in(diagnosed.implode()))
    readings = blood_pressures(known).filter(pl.col("on").dt.year() == year)
    last_day = readings.filter(pl.col("on") == pl.col("on").max().over("patient_id"))
    lowest = last_day.group_by("patient_id", "on").agg(pl.min("systolic"), pl.min("diastolic"))
    controlled = lowest.filter((pl.col("systolic") < 140) & (pl.col("diastolic") < 90))
    return judged(members, controlled, known.too_ill(year, frail_alone_from=81), "CMS165", year)


def _cms951(known: Known, year: int) -> pl.DataFrame:
    """Kidneys: both filtration rate and albumin in the urine in the year, of who had diabetes when it began."""
    diagnosed = known.diagnosed(_DIABETES, date(year - 1, 12, 31))
    members = known.members(year, age_at_start(year).is_between(18, 85), known.seen(year))
    members = members.filter(pl.col("patient_id").is_in(diagnosed.implode()))
    both = [known.results(code, date(year, 1, 1), date(year, 12, 31)) for code in ("98979-8", "9318-7")]
    rates, albumins = (frame.select("patient_id", "on") for frame in both)
    complete = rates.filter(pl.col("patient_id").is_in(albumins["patient_id"].unique().implode()))
    evidence = pl.concat([complete, albumins.filter(pl.col("patient_id").is_in(rates["patient_id"].unique().implode()))])
    return judged(members, evidence, known.in_last_care(year), "CMS951", year)


def blood_pressures(known: Known) -> pl.DataFrame:
    """Readings with `systolic` and `diastolic`, mm[Hg]."""
    part = r'"code":"{}".*?"value":([0-9]+)'
    return known.observations.filter(pl.col("code") == "85354-9").with_columns(
        pl.col("value").str.extract(part.format(code)).cast(pl.Int32).alias(name)
        for name, code in (("systolic", "8480-6"), ("diastolic", "8462-4"))
    )
