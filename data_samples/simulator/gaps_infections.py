"""The true care gaps of HIV care, sore throats and colds, after the eCQM specifications of 2026.

The antibiotic is the one that the shipped code sets hold.
"""

from datetime import date, timedelta

import polars as pl

from data_samples.simulator.known_facts import Known, age_at_start, judged, judged_visits, quantity

_HIV, _VIRAL_LOAD, _ANTIBIOTIC, _SORE_THROAT, _COLD = "B20", "20447-9", "141963", "J02.9", "J06.9"


def infection_gaps(known: Known, year: int) -> list[pl.DataFrame]:
    return [rule(known, year) for rule in (_cms146, _cms154, _cms314, _cms1157, _cms1188)]


def _cms314(known: Known, year: int) -> pl.DataFrame:
    """HIV known in the first 90 days, seen in the first 241: the year's last viral load is below 200 copies, or not detected."""
    first = date(year, 1, 1)
    members = _seen_by(known, year, first + timedelta(days=240), known.diagnosed(_HIV, first + timedelta(days=89)))
    loads = known.results(_VIRAL_LOAD, first, date(year, 12, 31))
    last = loads.filter(pl.col("at") == pl.col("at").max().over("patient_id"))
    suppressed = last.filter((quantity() < 200).fill_null(False) | pl.col("value").str.contains("260415000"))
    return judged(members, suppressed, [], "CMS314", year)


def _cms1157(known: Known, year: int) -> pl.DataFrame:
    """HIV, seen in the first 241 days: two visits, or a visit and a viral load, 90 days apart."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    known_by = first + timedelta(days=240)
    members = _seen_by(known, year, known_by, known.diagnosed(_HIV, known_by))
    since = known.conditions.filter(pl.col("code") == _HIV).group_by("patient_id").agg(since_on=pl.min("latest_on"))
    visits = known.seen(year).join(since, on="patient_id").filter(pl.col("since_on") <= pl.col("day"))
    visits = visits.select("patient_id", "day")
    signs = pl.concat([visits, known.results(_VIRAL_LOAD, first, last).select("patient_id", day="on")])
    apart = visits.join(signs, on="patient_id", suffix="_of_sign")
    days = (pl.col("day") - pl.col("day_of_sign")).dt.total_days().abs()
    kept = apart.filter(days >= 90).select("patient_id", on=pl.max_horizontal("day", "day_of_sign"))
    return judged(members, kept.group_by("patient_id").agg(pl.min("on")), [], "CMS1157", year)


def _cms1188(known: Known, year: int) -> pl.DataFrame:
    """HIV: tested in the year for chlamydia, gonorrhea and syphilis."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    positive = pl.col("patient_id").is_in(known.diagnosed(_HIV, last).implode())
    members = known.members(year, (age_at_start(year) >= 13) & positive, known.seen(year))
    tested = pl.concat(
        known.results(code, first, last).group_by("patient_id").agg(on=pl.min("on")) for code in ("21613-5", "21415-5", "5291-0")
    )
    return judged(members, tested.filter(pl.len().over("patient_id") == 3), [], "CMS1188", year)


def _seen_by(known: Known, year: int, until: date, positive: pl.Series) -> pl.DataFrame:
    visits = known.seen(year, pl.col("day") <= until)
    return known.members(year, pl.col("patient_id").is_in(positive.implode()), visits)


def _cms146(known: Known, year: int) -> pl.DataFrame:
    """Visits at which a sore throat began that was given an antibiotic by the third day: a strep test within three days."""
    visits = _respiratory(known, year)
    began = _diagnosed_at_visits(known, _SORE_THROAT).select("patient_id", day="latest_on").unique()
    visits = visits.join(began, on=("patient_id", "day")).filter(age_at_start(year) >= 3)
    given = visits.join(_antibiotics(known), on="patient_id").filter(_days("ordered_on").is_between(0, 3))
    visits = visits.filter(pl.col("encounter_id").is_in(given["encounter_id"].unique().implode()))
    tests = known.observations.filter(pl.col("code") == "6557-3").select("patient_id", "on")
    tested = visits.join(tests, on="patient_id").filter(_days("on").abs() <= 3)
    return judged_visits(visits, tested, [_treated_before(known, visits), *_of(visits, known.in_hospice(year))], "CMS146", year)


def _cms154(known: Known, year: int) -> pl.DataFrame:
    """Visits with a cold: no antibiotic in the 72 hours from their start. A sore throat at the same time leaves them out."""
    visits = _respiratory(known, year).filter(pl.col("birth_on").dt.offset_by("3mo") <= date(year, 1, 1))
    ends_on = pl.col("abatement").str.to_date()
    colds = _diagnosed_at_visits(known, _COLD).select("patient_id", began_on="latest_on", ends_on=ends_on)
    ill = visits.join(colds, on="patient_id").filter(
        (pl.col("began_on") == pl.col("day")) | ((pl.col("began_on") < pl.col("day")) & (pl.col("ends_on") > pl.col("day")))
    )
    visits = visits.filter(pl.col("encounter_id").is_in(ill["encounter_id"].unique().implode()))
    throats = _diagnosed_at_visits(known, _SORE_THROAT).select("patient_id", throat_on="latest_on")
    competing = visits.join(throats, on="patient_id").filter(_days("throat_on").is_between(0, 3))["encounter_id"]
    hours = (pl.col("ordered_at") - pl.col("starts_at")).dt.total_minutes() / 60
    given = visits.join(_antibiotics(known), on="patient_id").filter(hours.is_between(0, 72))
    spared = visits.filter(~pl.col("encounter_id").is_in(given["encounter_id"].unique().implode()))
    excluded = [competing, _treated_before(known, visits), *_of(visits, known.in_hospice(year))]
    return judged_visits(visits, spared.with_columns(on=pl.col("day") + pl.duration(days=3)), excluded, "CMS154", year)


def _days(column: str) -> pl.Expr:
    return (pl.col(column) - pl.col("day")).dt.total_days()


def _respiratory(known: Known, year: int) -> pl.DataFrame:
    visits = known.seen(year, pl.col("day") <= date(year, 12, 28)).select("patient_id", "encounter_id", "day", "starts_at")
    return visits.join(known.people.select("patient_id", "birth_on"), on="patient_id")


def _diagnosed_at_visits(known: Known, code: str) -> pl.DataFrame:
    return known.conditions.filter((pl.col("code") == code) & (pl.col("category") == "encounter-diagnosis"))


def _antibiotics(known: Known) -> pl.DataFrame:
    orders = known.medications.filter(pl.col("code") == _ANTIBIOTIC)
    return orders.select("patient_id", "is_active", "ends_on", ordered_on="on", ordered_at="at")


def _treated_before(known: Known, visits: pl.DataFrame) -> pl.Series:
    """Visits with an antibiotic in the 30 days before that is still on the list."""
    before = visits.join(_antibiotics(known).filter("is_active"), on="patient_id")
    last_day = pl.col("ends_on").cast(pl.Date) - pl.duration(days=1)
    overlaps = (_days("ordered_on") <= -1) & ((last_day - pl.col("day")).dt.total_days() >= -30)
    return before.filter(overlaps)["encounter_id"].unique()


def _of(visits: pl.DataFrame, patients: list[pl.Series]) -> list[pl.Series]:
    return [visits.filter(pl.col("patient_id").is_in(group.implode()))["encounter_id"] for group in patients]
