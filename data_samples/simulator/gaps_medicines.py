"""The true care gaps of medicines, of eyes that diabetes has harmed, and of screening for it."""

from datetime import date

import polars as pl

from data_samples.simulator.known_facts import (
    ADVANCED_ILLNESSES,
    Known,
    age_at_end,
    age_at_start,
    any_of,
    in_person,
    is_wellness,
    judged,
    judged_visits,
    quantity,
)

_SULFONYLUREA, _BENZODIAZEPINE, _ANXIETY = "197737", "1366192", "F41.1"


def medicine_gaps(known: Known, year: int) -> list[pl.DataFrame]:
    return [_cms68(known, year), _cms142(known, year), *_cms156(known, year), _cms1154(known, year)]


def _cms68(known: Known, year: int) -> pl.DataFrame:
    """Wellness visits: the medicines were reviewed on their day. (The shipped code sets hold no other visits.)"""
    visits = known.seen(year, is_wellness())
    reviews = known.procedures.filter(pl.col("code") == "428191000124101").select("patient_id", day="on")
    reviewed = visits.join(reviews.unique(), on=("patient_id", "day")).with_columns(on="day")
    return judged_visits(visits, reviewed, [], "CMS68", year)


def _cms142(known: Known, year: int) -> pl.DataFrame:
    """Harmed eyes examined at a visit: their severity and whether the macula swells were told after the start of a visit."""
    harmed = known.conditions.filter(pl.col("code") == "E11.319").select("patient_id", "latest_on")
    visits = known.seen(year, in_person()).join(harmed, on="patient_id").filter(pl.col("latest_on") <= pl.col("day"))
    visits = visits.select("patient_id", "starts_at", "ends_at")
    exams = known.observations.filter(pl.col("code") == "32451-7").select("patient_id", "at").join(visits, on="patient_id")
    members = known.members(
        year, age_at_start(year) >= 18, exams.filter(pl.col("at").is_between(pl.col("starts_at"), pl.col("ends_at")))
    )
    letters = known.letters.filter(pl.col("on").dt.year() == year).join(visits, on="patient_id")
    told = letters.filter(pl.col("at") > pl.col("starts_at")).group_by("patient_id", "code").agg(pl.min("on"))
    return judged(members, told.filter(pl.len().over("patient_id") == 2), [], "CMS142", year)


def _cms156(known: Known, year: int) -> list[pl.DataFrame]:
    """From 65 years: no drug that harms older people (group 1), no benzodiazepine without a reason (2), neither of them (3)."""
    members = known.members(year, age_at_end(year) >= 65, known.seen(year))
    in_year = known.medications.filter(pl.col("on").dt.year() == year)

    def repeated(code: str) -> pl.Series:
        orders = in_year.filter(pl.col("code") == code)
        again = (pl.col("refills") >= 1) | (pl.col("on").n_unique().over("patient_id") > 1)
        return orders.filter(again)["patient_id"].unique()

    first = in_year.filter(pl.col("code") == _BENZODIAZEPINE).group_by("patient_id").agg(ordered_on=pl.min("on"))
    reasons = known.conditions.filter(pl.col("code") == _ANXIETY).join(first, on="patient_id")
    reasoned = reasons.filter(pl.col("latest_on") < pl.col("ordered_on"))["patient_id"]
    sulfonylurea, benzodiazepine = repeated(_SULFONYLUREA), repeated(_BENZODIAZEPINE)
    unreasoned = members.filter(any_of([benzodiazepine]) & ~any_of([reasoned]))["patient_id"]
    harms = {"Group_1": [sulfonylurea], "Group_2": [unreasoned], "Group_3": [sulfonylurea, unreasoned]}
    nothing = pl.lit(None, dtype=pl.Date)
    return [
        judged(
            members,
            members.filter(~any_of(harmed)).select("patient_id", on=nothing),
            known.in_last_care(year),
            "CMS156",
            year,
            group,
        )
        for group, harmed in harms.items()
    ]


def _cms1154(known: Known, year: int) -> pl.DataFrame:
    """Overweight without diabetes: glucose tested in the year, of who was not tested in the two years before."""
    sizes = known.observations.filter(pl.col("code") == "39156-5").with_columns(size=quantity())
    last = sizes.filter(pl.col("at") == pl.col("at").max().over("patient_id")).join(
        known.people.select("patient_id", "race"), on="patient_id"
    )
    heavy = last.filter(pl.col("size") >= pl.when(pl.col("race") == "2028-9").then(23).otherwise(25))["patient_id"]
    is_heavy = pl.col("patient_id").is_in(heavy.implode())
    members = known.members(year, age_at_start(year).is_between(35, 70) & is_heavy, known.seen(year, in_person()))

    def tested(since: date, until: date) -> pl.DataFrame:
        return pl.concat(known.results(code, since, until).select("patient_id", "on") for code in ("2345-7", "4548-4"))

    before = date(year - 1, 12, 31)
    excluded = [
        *(known.diagnosed(code, before) for code in ("E11.9", "E11.319")),
        *(known.diagnosed(code, date(year, 12, 30)) for code in ADVANCED_ILLNESSES),
        tested(date(year - 2, 1, 1), before)["patient_id"].unique(),
    ]
    return judged(members, tested(date(year, 1, 1), date(year, 12, 31)), excluded, "CMS1154", year)
