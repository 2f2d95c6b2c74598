"""The true care gaps of tobacco, depression, weight, blood pressure and referrals, after the eCQM specifications of 2026."""

from datetime import date

import polars as pl

from data_samples.simulator.gaps_chronic import blood_pressures
from data_samples.simulator.known_facts import Known, age_at_start, age_on, in_person, is_wellness, judged, quantity

_ON = ("patient_id", "on")


def preventive_gaps(known: Known, year: int) -> list[pl.DataFrame]:
    return [_cms2(known, year), _cms22(known, year), _cms50(known, year), _cms69(known, year), *_cms138(known, year)]


def _cms2(known: Known, year: int) -> pl.DataFrame:
    """Depression: the last screening up to 14 days before a visit is negative, or a visit within 14 days of it was answered.

    An answer is a referral or an antidepressant on the day of the visit or in the two days after. Adults and adolescents have a
    form each; at 17 either will do.
    """
    visits = known.seen(year).select("patient_id", "day")
    members = known.members(year, age_at_start(year) >= 12, visits)
    ages = members.select("patient_id", age=age_at_start(year))
    answered = pl.concat(
        [
            known.orders.filter(pl.col("code").is_in(["183524004", "306226009"])).select(_ON),
            known.medications.filter(pl.col("code").is_in(["312940", "312938", "310384"])).select(_ON),
        ]
    ).filter(pl.col("on").dt.year() == year)
    evidence = []
    for code, is_of_age in (("73831-0", pl.col("age") <= 17), ("73832-8", pl.col("age") >= 17)):
        forms = known.observations.filter(pl.col("code") == code).select(*_ON, "at", "value")
        near = forms.join(visits, on="patient_id").filter(
            pl.col("on").is_between(pl.col("day") - pl.duration(days=14), pl.col("day"))
        )
        last = near.filter(pl.col("at") == pl.col("at").max().over("patient_id"))
        last = last.join(ages, on="patient_id").filter(is_of_age)
        is_negative = pl.col("value").str.contains("428171000124102")
        after = last.filter(~is_negative).join(answered.rename({"on": "answered_on"}), on="patient_id")
        after = after.filter((pl.col("answered_on") - pl.col("day")).dt.total_days().is_between(0, 2))
        evidence += [last.filter(is_negative).select(_ON), after.select(_ON)]
    return judged(members, pl.concat(evidence), [], "CMS2", year)


def _cms22(known: Known, year: int) -> pl.DataFrame:
    """Blood pressure at the year's last visit in person: normal, or followed by what its height asks for.

    Who was on the problem list with high blood pressure by that visit is left out.
    """
    visits = known.seen(year, in_person())
    members = known.members(year, age_at_start(year) >= 18, visits)
    shown = visits.sort("day", "encounter_id").unique("patient_id", keep="last", maintain_order=True)
    shown = shown.select("patient_id", "day", started_at="starts_at")
    listed = known.conditions.filter((pl.col("code") == "I10") & (pl.col("category") == "problem-list-item"))
    listed = listed.join(shown, on="patient_id").filter(pl.col("latest_on") <= pl.col("day"))
    is_high = (pl.col("systolic") >= 130) | (pl.col("diastolic") >= 80)
    readings = blood_pressures(known).select("patient_id", "on", "at", "systolic", "diastolic", is_high=is_high).sort("at")
    now = readings.join(shown, left_on=("patient_id", "on"), right_on=("patient_id", "day"))
    now = now.unique("patient_id", keep="last", maintain_order=True)
    before = readings.join(shown, on="patient_id").filter(
        (pl.col("at") <= pl.col("started_at")) & (pl.col("at") >= pl.col("started_at").dt.offset_by("-1y"))
    )
    before = before.unique("patient_id", keep="last", maintain_order=True).select("patient_id", was_high="is_high")
    now = now.join(before, on="patient_id", how="left").with_columns(pl.col("was_high").fill_null(False))

    def had(frame: pl.DataFrame, codes: list[str], *, in_visit: bool) -> pl.Expr:
        found = frame.filter(pl.col("code").is_in(codes) & (pl.col("on").dt.year() == year)).join(shown, on="patient_id")
        found = found.filter(pl.col("on") == pl.col("day")) if in_visit else found
        return pl.col("patient_id").is_in(found["patient_id"].unique().implode())

    again = had(known.orders, ["183622005"], in_visit=True)
    lifestyle_codes = ["443402002", "182922004"]
    lifestyle = had(known.orders, lifestyle_codes, in_visit=False)
    tested = had(known.orders, ["24356-8", "24323-8", "58410-2"], in_visit=False)
    treated = had(known.medications, ["314076", "314077", "197361", "310798", "866436"], in_visit=False)
    is_normal = (pl.col("systolic") < 120) & (pl.col("diastolic") < 80)
    is_higher = (pl.col("systolic") >= 140) | (pl.col("diastolic") >= 90)
    is_met = (
        pl.when(is_normal)
        .then(pl.lit(True))
        .when(~pl.col("is_high"))
        .then(again & had(known.orders, lifestyle_codes, in_visit=True))
        .when(~pl.col("was_high"))
        .then(again & lifestyle)
        .when(is_higher)
        .then(again & tested & lifestyle & treated)
        .otherwise(again & tested & lifestyle)
    )
    return judged(members, now.filter(is_met), [listed["patient_id"].unique()], "CMS22", year)


def _cms50(known: Known, year: int) -> pl.DataFrame:
    """Referrals: the consultant's report on the first one of January to October came within the year."""
    referrals = known.orders.filter(
        (pl.col("kind") == "referral") & pl.col("on").is_between(date(year, 1, 1), date(year, 10, 31))
    )
    first = referrals.sort("at", "id").unique("patient_id", keep="first", maintain_order=True)
    members = known.members(year, pl.col("patient_id").is_in(first["patient_id"].implode()), known.seen(year, in_person()))
    answers = known.reports.filter((pl.col("on").dt.year() == year) & pl.col("based_on").is_in(first["id"].implode()))
    return judged(members, answers, [], "CMS50", year)


def _cms69(known: Known, year: int) -> pl.DataFrame:
    """Body mass index of adults: all of the year's are normal, or one above normal was followed by advice or referral."""
    visits = (
        known.seen(year, in_person())
        .drop("birth_on", strict=False)
        .join(known.people.select("patient_id", "birth_on"), on="patient_id")
    )
    members = known.members(year, pl.lit(True), visits.filter(age_on(pl.col("day")) >= 18))
    indexes = known.results("39156-5", date(year, 1, 1), date(year, 12, 31)).with_columns(index=quantity())
    is_normal = pl.col("index").is_between(18.5, 25, closed="left")
    normal = indexes.filter(is_normal.all().over("patient_id"))
    orders = known.orders.filter(pl.col("on").dt.year() == year)
    obese = known.conditions.filter(pl.col("code") == "E66.9").select("patient_id", "latest_on")
    referred = orders.filter(pl.col("code").is_in(["183524004", "308470006", "182922004"])).join(obese, on="patient_id")
    referred_patients = referred.filter(pl.col("latest_on") <= pl.col("on"))["patient_id"]
    advised = orders.filter((pl.col("code") == "182922004") & (pl.col("reason") == "E66.9"))["patient_id"]
    is_followed = pl.col("patient_id").is_in(pl.concat([referred_patients, advised]).unique().implode())
    followed = indexes.filter((pl.col("index") >= 25) & is_followed)
    evidence = pl.concat([normal.select(_ON), followed.select(_ON)])
    return judged(members, evidence, known.in_last_care(year), "CMS69", year)


def _cms138(known: Known, year: int) -> list[pl.DataFrame]:
    """Tobacco: asked (group 1); users helped (2); asked, and helped if a user (3). Two visits, or one wellness visit."""
    visits = known.seen(year)
    counts = visits.group_by("patient_id").agg(n=pl.len(), n_wellness=is_wellness().sum())
    counts = counts.filter((pl.col("n") >= 2) | (pl.col("n_wellness") >= 1))
    members = known.members(year, age_at_start(year) >= 12, counts)
    answers = known.results("72166-2", date(year, 1, 1), date(year, 12, 31)).sort("at")
    last = answers.unique("patient_id", keep="last", maintain_order=True)
    is_user = pl.col("value").str.contains("449868002")
    users = members.filter(pl.col("patient_id").is_in(last.filter(is_user)["patient_id"].implode()))
    helped = pl.concat(
        [
            known.procedures.filter(pl.col("code") == "225323000").select(_ON),
            known.medications.filter(pl.col("code").is_in(["636671", "198030"])).select(_ON),
        ]
    ).filter(pl.col("on").is_between(date(year - 1, 7, 1), date(year, 12, 31)))
    helped = helped.filter(pl.col("patient_id").is_in(users["patient_id"].implode()))
    no_users = last.filter(~is_user).select(_ON)
    excluded = known.in_hospice(year)
    return [
        judged(members, last, excluded, "CMS138", year),
        judged(users, helped, excluded, "CMS138", year, "Group_2"),
        judged(members, pl.concat([no_users, helped]), excluded, "CMS138", year, "Group_3"),
    ]
