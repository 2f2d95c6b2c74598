"""The true care gaps of children: vaccines by the second birthday, weight and counselling; after the 2026 specifications."""

from datetime import date

import polars as pl

from data_samples.simulator.known_facts import Known, age_at_end, judged

# Vaccine (CVX), doses, and the age in days or the birthday from which they count.
_SERIES = (
    ("20", 4, 42),
    ("10", 3, 42),
    ("03", 1, "1y"),
    ("48", 4, 42),
    ("08", 3, 0),
    ("21", 1, "1y"),
    ("133", 4, 42),
    ("83", 1, "1y"),
    ("116", 3, 42),
    ("150", 2, 180),
)


def children_gaps(known: Known, year: int) -> list[pl.DataFrame]:
    return [_cms117(known, year), *_cms155(known, year)]


def _cms117(known: Known, year: int) -> pl.DataFrame:
    """All ten series complete by the second birthday; doses of one day are one. The last dose needed closes the gap."""
    members = known.members(year, age_at_end(year) == 2, known.seen(year))
    given = known.immunizations.join(members.select("patient_id", "birth_on"), on="patient_id")
    given = given.filter(pl.col("on") <= pl.col("birth_on").dt.offset_by("2y")).select("patient_id", "code", "on", "birth_on")
    completed = []
    for code, n_doses, since in _SERIES:
        first = pl.col("birth_on").dt.offset_by(since if isinstance(since, str) else f"{since}d")
        doses = given.filter((pl.col("code") == code) & (pl.col("on") >= first)).unique(["patient_id", "on"]).sort("on")
        nth = doses.group_by("patient_id").agg(on=pl.col("on").get(n_doses - 1, null_on_oob=True)).drop_nulls()
        completed.append(nth)
    every = pl.concat(completed).filter(pl.len().over("patient_id") == len(_SERIES))
    return judged(members, every, known.in_hospice(year), "CMS117", year)


def _cms155(known: Known, year: int) -> list[pl.DataFrame]:
    """Percentile, height and weight measured (group 1); advice on food (2) and on exercise (3); each in the year."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    members = known.members(year, age_at_end(year).is_between(3, 17), known.seen(year))
    measured = pl.concat(
        known.results(code, first, last).group_by("patient_id").agg(on=pl.min("on")) for code in ("59576-9", "8302-2", "29463-7")
    ).filter(pl.len().over("patient_id") == 3)
    advised = {
        group: known.procedures.filter((pl.col("code") == code) & pl.col("on").is_between(first, last))
        for group, code in (("Group_2", "11816003"), ("Group_3", "304549008"))
    }
    evidence = {"Group_1": measured, **advised}
    return [judged(members, found, known.in_hospice(year), "CMS155", year, group) for group, found in evidence.items()]
