"""The true care gaps of courses of treatment: medicines for attention deficit, substance use."""

from datetime import date

import polars as pl

from data_samples.simulator.days_of_supply import covered_days, end_to_end
from data_samples.simulator.known_facts import Known, age_at_start, age_on, in_person, judged

_STIMULANT, _SUBSTANCE_USE, _TREATMENT, _SHORT_ACTING = "1091133", "F10.10", "408947007", "1010600"


def course_gaps(known: Known, year: int) -> list[pl.DataFrame]:
    return [*_cms136(known, year), *_cms137(known, year)]


def _cms136(known: Known, year: int) -> list[pl.DataFrame]:
    """Children on a new stimulant: seen within 30 days (group 1), and twice more in the next 270 if they stay on it (2)."""
    orders = known.medications.filter(pl.col("code") == _STIMULANT)
    length = pl.col("days") * (pl.col("refills") + 1)
    orders = orders.select("patient_id", "on", "is_active", days=length, last_on=pl.col("on") + pl.duration(days=length - 1))
    begun = orders.filter((pl.col("on") >= date(year - 1, 3, 1)) & (pl.col("on") < date(year, 3, 1))).select("patient_id", "on")
    active = orders.filter("is_active").select("patient_id", active_on="on", until_on="last_on")
    overlapping = begun.join(active, on="patient_id").filter(
        (pl.col("active_on") < pl.col("on")) & ((pl.col("until_on") - pl.col("on")).dt.total_days() >= -120)
    )
    new = begun.join(overlapping.select("patient_id", "on").unique(), on=("patient_id", "on"), how="anti")
    index = new.group_by("patient_id").agg(index_on=pl.min("on"))
    of_age = (age_on(pl.lit(date(year - 1, 3, 1))) >= 6) & (age_on(pl.lit(date(year, 3, 1)) - pl.duration(days=1)) <= 12)
    people = known.people.join(index, on="patient_id").filter(of_age)
    entered = known.visits.filter(in_person()).join(index, on="patient_id")
    entered = entered.filter(pl.col("day").is_between(pl.col("index_on").dt.offset_by("-6mo"), pl.col("index_on")))
    people = people.filter(pl.col("patient_id").is_in(entered["patient_id"].unique().implode()))
    since = (pl.col("day") - pl.col("index_on")).dt.total_days()
    after = known.visits.select("patient_id", "day").join(index, on="patient_id").with_columns(since=since).unique()
    early = after.filter(pl.col("since").is_between(1, 30)).group_by("patient_id").agg(on=pl.min("day"))
    later = after.filter(pl.col("since").is_between(31, 300)).join(early, on="patient_id", how="semi")
    later = later.group_by("patient_id").agg(on=_second("day")).drop_nulls()
    supplied = covered_days(end_to_end(orders.select("patient_id", "on", "days")), people, 301)
    stayed = supplied.filter(pl.col("n_days") >= 210)["patient_id"]
    on_it = people.filter(pl.col("patient_id").is_in(stayed.implode()))
    hospice = known.in_hospice(year)
    return [
        judged(people, early, hospice, "CMS136", year, "Group_1"),
        judged(on_it, later, hospice, "CMS136", year, "Group_2"),
    ]


def _cms137(known: Known, year: int) -> list[pl.DataFrame]:
    """Newly harmful use of a substance: treated within 14 days (group 1), and twice more in the next 34 (2)."""
    diagnoses = known.conditions.filter(pl.col("code") == _SUBSTANCE_USE).select("patient_id", day="latest_on").unique()
    visits = known.seen(year, pl.col("day") <= date(year, 11, 14)).select("patient_id", "day")
    index = visits.join(diagnoses, on=("patient_id", "day")).group_by("patient_id").agg(index_on=pl.min("day"))
    items = pl.concat(
        [
            known.procedures.filter(pl.col("code") == _TREATMENT).select("patient_id", "on"),
            known.medications.filter(pl.col("code") == _SHORT_ACTING).select("patient_id", "on"),
        ]
    )
    since = (pl.col("on") - pl.col("index_on")).dt.total_days()
    items = items.join(index, on="patient_id").with_columns(since=since)
    treated_before = items.filter(pl.col("since").is_between(-60, -1))["patient_id"].unique()
    people = known.people.join(index, on="patient_id").filter(
        (age_at_start(year) >= 13) & ~pl.col("patient_id").is_in(treated_before.implode())
    )
    first = items.filter(pl.col("since").is_between(0, 13)).group_by("patient_id").agg(first_on=pl.min("on"))
    more = items.join(first, on="patient_id")
    more = more.filter((pl.col("on") - pl.col("first_on")).dt.total_days().is_between(1, 34))
    second = more.group_by("patient_id").agg(_second("on")).drop_nulls()
    # Whether treatment goes on is not known before it has begun, as long as it may begin.
    may_begin = people.filter((pl.lit(known.as_of_on) - pl.col("index_on")).dt.total_days() <= 13)
    waits = may_begin.join(first, on="patient_id", how="anti")["patient_id"]
    hospice = known.in_hospice(year)
    return [
        judged(people, first.rename({"first_on": "on"}), hospice, "CMS137", year, "Group_1"),
        judged(people, second, hospice, "CMS137", year, "Group_2", unknown=[waits]),
    ]


def _second(day: str) -> pl.Expr:
    return pl.col(day).sort().get(1, null_on_oob=True)
