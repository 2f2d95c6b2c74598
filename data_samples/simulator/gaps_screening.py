"""The true care gaps of screening for cancer, falls and infections, after the eCQM specifications of 2026."""

from datetime import date

import polars as pl

from data_samples.simulator.known_facts import FEMALE, Known, age_at_end, age_at_start, age_on, in_person, judged


def screening_gaps(known: Known, year: int) -> list[pl.DataFrame]:
    return [rule(known, year) for rule in (_cms124, _cms125, _cms130, _cms139, _cms153, _cms349)]


def _cms124(known: Known, year: int) -> pl.DataFrame:
    """Cervix: a Pap test within three calendar years, or a test for HPV at 30 or older within five."""
    members = known.members(year, FEMALE & age_at_end(year).is_between(24, 64), known.seen(year))
    end = date(year, 12, 31)
    pap = known.results("10524-7", date(year - 2, 1, 1), end)
    hpv = known.results("21440-3", date(year - 4, 1, 1), end).join(members.select("patient_id", "birth_on"), on="patient_id")
    evidence = pl.concat([pap.select("patient_id", "on"), hpv.filter(age_on(pl.col("on")) >= 30).select("patient_id", "on")])
    return judged(members, evidence, [known.diagnosed("Z90.710", end), *known.in_last_care(year)], "CMS124", year)


def _cms125(known: Known, year: int) -> pl.DataFrame:
    """Breast: a mammogram in the 27 months to the end of the year."""
    members = known.members(year, FEMALE & age_at_end(year).is_between(42, 74), known.seen(year))
    end = date(year, 12, 31)
    images = known.results("24606-6", date(year - 2, 10, 1), end).filter(pl.col("category") == "imaging")
    return judged(members, images, [known.diagnosed("Z90.13", end), *known.too_ill(year)], "CMS125", year)


def _cms130(known: Known, year: int) -> pl.DataFrame:
    """Colon: a colonoscopy within ten calendar years, or a stool test in the year."""
    members = known.members(year, age_at_end(year).is_between(46, 75), known.seen(year))
    end = date(year, 12, 31)
    scopes = known.procedures.filter((pl.col("code") == "73761001") & pl.col("on").is_between(date(year - 9, 1, 1), end))
    stools = known.results("57905-2", date(year, 1, 1), end)
    evidence = pl.concat([frame.select("patient_id", "on") for frame in (scopes, stools)])
    return judged(members, evidence, known.too_ill(year), "CMS130", year)


def _cms139(known: Known, year: int) -> pl.DataFrame:
    """Falls: asked in the year."""
    members = known.members(year, age_at_start(year) >= 65, known.seen(year))
    asked = known.results("73830-2", date(year, 1, 1), date(year, 12, 31))
    return judged(members, asked, known.in_hospice(year), "CMS139", year)


def _cms153(known: Known, year: int) -> pl.DataFrame:
    """Chlamydia: tested in the year, of young women who had a pregnancy test or a contraceptive ordered, or still took one."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    tests = known.orders.filter((pl.col("code") == "2106-3") & pl.col("on").is_between(first, last))
    pills = known.medications.filter(pl.col("code").is_in(["1000126", "238019"]))
    ends_on = pl.col("ends_on").cast(pl.Date)
    is_taken = (ends_on > known.as_of_on) & (pl.col("on") < last) & (ends_on - pl.duration(days=1) > first)
    pills = pills.filter(pl.col("on").is_between(first, last) | is_taken)
    is_active = pl.col("patient_id").is_in(pl.concat([tests["patient_id"], pills["patient_id"]]).unique().implode())
    members = known.members(year, FEMALE & age_at_end(year).is_between(16, 24) & is_active, known.seen(year))
    return judged(members, known.results("21613-5", first, last), known.in_hospice(year), "CMS153", year)


def _cms349(known: Known, year: int) -> pl.DataFrame:
    """HIV: tested once between 15 and 65 years of age, before the last day of the year.

    Who had HIV before the year, or died untested, is left out.
    """
    members = known.members(year, age_at_start(year).is_between(15, 65), known.seen(year, in_person()))
    tests = known.results("56888-1", date.min, date(year, 12, 30)).join(members.select("patient_id", "birth_on"), on="patient_id")
    tested = tests.filter(age_on(pl.col("on")).is_between(15, 65))
    is_tested = pl.col("patient_id").is_in(tested["patient_id"].unique().implode())
    died = members.filter(pl.col("died_on") <= date(year, 12, 31)).filter(~is_tested)
    return judged(members, tested, [died["patient_id"], known.diagnosed("B20", date(year - 1, 12, 31))], "CMS349", year)
