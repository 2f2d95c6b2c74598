"""The true care gaps of heart failure and coronary disease, after the eCQM specifications of 2026."""

from datetime import date

import polars as pl

from data_samples.simulator.known_facts import Known, age_at_start, in_person, judged, quantity

_FAILURE, _CORONARY, _INFARCTION, _HYPOTENSION = "I50.22", "I25.10", "I21.4", "I95.1"
_ACE_INHIBITORS, _BETA_BLOCKER, _CAPTOPRIL = ["314076", "314077"], ["866436"], "1998"


def heart_gaps(known: Known, year: int) -> list[pl.DataFrame]:
    return [_cms90(known, year), _cms135(known, year), _cms144(known, year), *_cms145(known, year)]


def _cms90(known: Known, year: int) -> pl.DataFrame:
    """Failing hearts: the KCCQ's summary score in the two weeks to a visit, and again 30 to 180 days after."""
    visits = known.seen(year)
    failing = known.diagnosed(_FAILURE, date(year - 1, 12, 31))
    members = _with_two_visits(known, year, pl.col("day").n_unique()).filter(pl.col("patient_id").is_in(failing.implode()))
    scores = known.observations.filter(pl.col("code") == "71940-1").select("patient_id", "on")
    early = visits.filter((pl.lit(date(year, 12, 31)) - pl.col("day")).dt.total_days() >= 180).select("patient_id", "day")
    first = scores.join(early, on="patient_id")
    first = first.filter((pl.col("day") - pl.col("on")).dt.total_days().is_between(0, 14)).select("patient_id", first_on="on")
    again = scores.join(first.unique(), on="patient_id")
    again = again.filter((pl.col("on") - pl.col("first_on")).dt.total_days().is_between(30, 180))
    return judged(members, again.group_by("patient_id").agg(pl.min("on")), known.in_hospice(year), "CMS90", year)


def _cms135(known: Known, year: int) -> pl.DataFrame:
    """Weak hearts that fail: an ACE inhibitor ordered on the day of a visit, unless the patient is allergic to one."""
    weak = _weak_at(known, _at_visits(known, year, _FAILURE))
    reactions = weak.join(known.allergies.filter(pl.col("code") == _CAPTOPRIL), on="patient_id")
    allergic = reactions.filter(pl.col("onset") <= pl.col("day"))["patient_id"]
    ordered = _ordered_at(known, weak, _ACE_INHIBITORS)
    return judged(_members_of(known, year, weak), ordered, [], "CMS135", year, excepted=[allergic])


def _cms144(known: Known, year: int) -> pl.DataFrame:
    """Weak hearts that fail: a beta blocker ordered on the day of a visit, unless the blood pressure is too low."""
    weak = _weak_at(known, _at_visits(known, year, _FAILURE))
    ordered = _ordered_at(known, weak, _BETA_BLOCKER)
    return judged(_members_of(known, year, weak), ordered, [], "CMS144", year, excepted=[_low(known, weak)])


def _cms145(known: Known, year: int) -> list[pl.DataFrame]:
    """Coronary disease: a beta blocker for weak hearts (group 1), and in the three years after an infarction of others (2)."""
    visits = _at_visits(known, year, _CORONARY)
    weak = _weak_at(known, visits)
    attacks = known.conditions.filter(pl.col("code") == _INFARCTION).select("patient_id", "first_on", "latest_on")
    after = visits.join(attacks, on="patient_id").filter(
        (pl.col("first_on") >= pl.col("day").dt.offset_by("-3y")) & (pl.col("latest_on") < pl.col("day"))
    )
    after = after.join(_weak_findings(known), on="patient_id", how="anti")
    return [
        judged(
            _members_of(known, year, shown),
            _ordered_at(known, shown, _BETA_BLOCKER),
            [],
            "CMS145",
            year,
            group,
            excepted=[_low(known, shown)],
        )
        for group, shown in (("Group_1", weak), ("Group_2", after))
    ]


def _with_two_visits(known: Known, year: int, n_visits: pl.Expr) -> pl.DataFrame:
    often = known.seen(year).group_by("patient_id").agg(n=n_visits).filter(pl.col("n") >= 2)
    return known.members(year, age_at_start(year) >= 18, often)


def _members_of(known: Known, year: int, shown: pl.DataFrame) -> pl.DataFrame:
    members = _with_two_visits(known, year, pl.len())
    return members.filter(pl.col("patient_id").is_in(shown["patient_id"].unique().implode()))


def _at_visits(known: Known, year: int, code: str) -> pl.DataFrame:
    """Visits in person of who had the disease on their day."""
    diseases = known.conditions.filter(pl.col("code") == code).select("patient_id", "latest_on")
    visits = known.seen(year, in_person()).join(diseases, on="patient_id").filter(pl.col("latest_on") <= pl.col("day"))
    return visits.select("patient_id", "encounter_id", "day", "ends_at").unique()


def _weak_findings(known: Known) -> pl.DataFrame:
    """Ejection fractions of at most 40 %."""
    fractions = known.observations.filter((pl.col("code") == "10230-1") & (quantity() <= 40))
    return fractions.select("patient_id", found_at="at")


def _weak_at(known: Known, visits: pl.DataFrame) -> pl.DataFrame:
    """Visits by whose end a weak heart was found."""
    found = visits.join(_weak_findings(known), on="patient_id").filter(pl.col("found_at") < pl.col("ends_at"))
    return found.drop("found_at").unique()


def _ordered_at(known: Known, visits: pl.DataFrame, codes: list[str]) -> pl.DataFrame:
    orders = known.medications.filter(pl.col("code").is_in(codes)).select("patient_id", "on")
    return orders.join(visits, left_on=("patient_id", "on"), right_on=("patient_id", "day"))


def _low(known: Known, visits: pl.DataFrame) -> pl.Series:
    low = known.conditions.filter(pl.col("code") == _HYPOTENSION).select("patient_id", "latest_on")
    return visits.join(low, on="patient_id").filter(pl.col("latest_on") <= pl.col("day"))["patient_id"].unique()
