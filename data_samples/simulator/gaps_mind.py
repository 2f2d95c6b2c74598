"""The true care gaps of depression and dementia, after the eCQM specifications of 2026."""

from datetime import date

import polars as pl

from data_samples.simulator.days_of_supply import covered_days
from data_samples.simulator.known_facts import Known, age_at_start, age_on, in_person, is_wellness, judged, judged_visits

_DEPRESSION, _ANTIDEPRESSANT, _DEMENTIA = "F32.1", "283485", "F03.90"


def mind_gaps(known: Known, year: int) -> list[pl.DataFrame]:
    return [*_cms128(known, year), _cms149(known, year), _cms159(known, year), _cms177(known, year)]


def _cms128(known: Known, year: int) -> list[pl.DataFrame]:
    """Antidepressants: covered for 84 of 115 days (group 1) and 180 of 232 (2) since the first supply from May to April."""
    supplies = known.dispenses.filter(pl.col("code") == _ANTIDEPRESSANT)
    begun = supplies.filter(pl.col("on").is_between(date(year - 1, 5, 1), date(year, 4, 30)))
    index = begun.group_by("patient_id").agg(index_on=pl.min("on"))
    people = known.people.join(index, on="patient_id").filter(age_on(pl.col("index_on")) >= 18)
    diagnoses = known.conditions.filter(pl.col("code") == _DEPRESSION).select("patient_id", near_on="latest_on")
    visits = known.visits.select("patient_id", near_on="day")
    for near in (diagnoses, visits):
        found = people.select("patient_id", "index_on").join(near, on="patient_id")
        found = found.filter((pl.col("near_on") - pl.col("index_on")).dt.total_days().abs() <= 60)
        people = people.filter(pl.col("patient_id").is_in(found["patient_id"].unique().implode()))
    orders = known.medications.filter((pl.col("code") == _ANTIDEPRESSANT) & pl.col("is_active"))
    orders = orders.select("patient_id", "on", "ends_on").join(index, on="patient_id")
    since = (pl.col("ends_on").cast(pl.Date) - pl.duration(days=1) - pl.col("index_on")).dt.total_days()
    treated = orders.filter((pl.col("on") < pl.col("index_on")) & (since >= -105))["patient_id"]
    gaps = []
    for group, length, needed in (("Group_1", 115, 84), ("Group_2", 232, 180)):
        days = covered_days(supplies.select("patient_id", "on", "days"), people, length)
        enough = days.filter(pl.col("n_days") >= needed).select("patient_id", on="last_on")
        gaps.append(judged(people, enough, [*known.in_hospice(year), treated], "CMS128", year, group))
    return gaps


def _cms149(known: Known, year: int) -> pl.DataFrame:
    """Dementia: a score of cognition in the twelve months to a visit in person, of who was seen twice."""
    demented = known.conditions.filter(pl.col("code") == _DEMENTIA).select("patient_id", "latest_on")
    visits = known.seen(year, in_person()).join(demented, on="patient_id").filter(pl.col("latest_on") <= pl.col("day"))
    often = known.seen(year).group_by("patient_id").len().filter(pl.col("len") >= 2)
    members = known.members(year, pl.col("patient_id").is_in(often["patient_id"].implode()), visits)
    scores = known.observations.filter(pl.col("code") == "72106-8").select("patient_id", "on")
    recent = scores.join(visits.select("patient_id", "day"), on="patient_id")
    recent = recent.filter((pl.col("on") <= pl.col("day")) & (pl.col("on") >= pl.col("day").dt.offset_by("-12mo")))
    return judged(members, recent, [], "CMS149", year)


def _cms159(known: Known, year: int) -> pl.DataFrame:
    """Depression: the last PHQ-9 score around twelve months after a first one above 9 at a wellness visit is below 5."""
    visits = known.visits.filter(is_wellness() & pl.col("day").is_between(date(year - 2, 11, 1), date(year - 1, 10, 31)))
    began_at = pl.col("onset").str.to_datetime("%Y-%m-%dT%H:%M:%S%:z").dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    episodes = known.conditions.filter(pl.col("code") == _DEPRESSION).select("patient_id", began_at=began_at)
    visits = visits.join(episodes, on="patient_id").filter(pl.col("began_at") <= pl.col("ends_at"))
    scores = known.observations.filter(pl.col("code") == "44261-6")
    scores = scores.select("patient_id", "on", "at", score=pl.col("value").str.extract("([0-9]+)").cast(pl.Int32))
    high = scores.filter(pl.col("score") > 9).join(visits.select("patient_id", "day"), on="patient_id")
    high = high.filter((pl.col("day") - pl.col("on")).dt.total_days().is_between(0, 7))
    index = high.group_by("patient_id").agg(index_on=pl.min("on"))
    people = known.people.join(index, on="patient_id").filter(age_on(pl.col("index_on")) >= 12)
    around = pl.col("index_on").dt.offset_by("12mo")
    people = people.with_columns(from_on=around.dt.offset_by("-60d"), until_on=around.dt.offset_by("60d"))
    window = people.select("patient_id", "from_on", "until_on")
    late = scores.join(window, on="patient_id").filter(pl.col("on").is_between(pl.col("from_on"), pl.col("until_on")))
    last = late.filter(pl.col("at") == pl.col("at").max().over("patient_id"))
    since = date(year - 2, 11, 1)
    hospice = known.orders.filter((pl.col("code") == "385763009") & (pl.col("on") >= since)).join(window, on="patient_id")
    palliative = known.conditions.filter(pl.col("code") == "Z51.5").join(window, on="patient_id")
    excluded = [
        hospice.filter(pl.col("on") <= pl.col("until_on"))["patient_id"],
        palliative.filter(pl.col("latest_on") <= pl.col("until_on"))["patient_id"],
        people.filter(pl.col("died_on") <= pl.col("until_on"))["patient_id"],
    ]
    return judged(people, last.filter(pl.col("score") < 5), excluded, "CMS159", year)


def _cms177(known: Known, year: int) -> pl.DataFrame:
    """Visits of six to sixteen years old for a depression: the risk of suicide was assessed within them."""
    if "reason" not in known.visits.columns:
        return judged_visits(known.visits.clear(), known.procedures.clear(), [], "CMS177", year)
    sad = known.seen(year, pl.col("reason") == _DEPRESSION)
    members = known.members(year, age_at_start(year).is_between(6, 16), sad)
    visits = sad.filter(pl.col("patient_id").is_in(members["patient_id"].implode()))
    done = known.procedures.filter(pl.col("code") == "225337009").select("patient_id", "on", "at")
    assessed = visits.join(done, on="patient_id").filter(pl.col("at").is_between(pl.col("starts_at"), pl.col("ends_at")))
    return judged_visits(visits, assessed, [], "CMS177", year)
