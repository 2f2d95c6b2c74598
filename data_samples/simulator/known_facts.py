"""The record at the last delivery, for the rules of the true care gaps."""

from datetime import date

import polars as pl

from data_samples.simulator.deliveries import Delivery
from data_samples.simulator.record import Record

FEMALE = pl.col("sex") == "female"


class Known:
    """Facts of one chunk that were recorded in time, with `on`, their local day.

    people: one row per patient (see `Population`). visits: completed visits. reports: of consultants, on referrals (`based_on`).
    Days of onset are `first_on` and `latest_on`, which differ where a patient remembers a year or a month only.
    """

    def __init__(self, people: pl.DataFrame, record: Record, last: Delivery) -> None:
        self.people = people
        self.visits = record.facts["Encounter"].filter(pl.col("ends_at") + pl.duration(minutes=20) <= last.at)
        known = {
            name: record.facts[name].filter(pl.col("recorded_at") <= last.at)
            for name in ("Observation", "Procedure", "ServiceRequest", "MedicationRequest", "Immunization", "Condition")
        }
        dated = {name: frame.with_columns(on=local_day("at")) for name, frame in known.items() if name != "Condition"}
        self.observations, self.procedures = dated["Observation"], dated["Procedure"]
        self.orders, self.medications = dated["ServiceRequest"], dated["MedicationRequest"]
        self.immunizations = dated["Immunization"]
        reported = record.facts["Task"].filter(pl.col("reported_at") + pl.duration(hours=5) <= last.at)
        self.reports = reported.with_columns(on=local_day("reported_at"))
        self.last_on = last.at.date()
        self.conditions = _with_onset(known["Condition"])

    def seen(self, year: int, kind: pl.Expr | None = None) -> pl.DataFrame:
        """Visits of a year, of the kinds that a measure counts (default: all; see `in_person`)."""
        visits = self.visits.filter(pl.col("day").dt.year() == year)
        return visits if kind is None else visits.filter(kind)

    def members(self, year: int, age: pl.Expr, visits: pl.DataFrame) -> pl.DataFrame:
        """Patients for whom `age` holds (see `age_at_end`, `age_at_start`) and who have one of these visits."""
        return self.people.filter(age & pl.col("patient_id").is_in(visits["patient_id"].unique().implode()))

    def diagnosed(self, code: str, until: date, since: date = date.min) -> pl.Series:
        """Patients with a condition whose onset is certain to lie between two days."""
        found = self.conditions.filter((pl.col("code") == code) & (pl.col("latest_on") <= until) & (pl.col("first_on") >= since))
        return found["patient_id"].unique()

    def results(self, code: str, since: date, until: date) -> pl.DataFrame:
        """Observations of a code between two days."""
        return self.observations.filter((pl.col("code") == code) & pl.col("on").is_between(since, until))

    def in_hospice(self, year: int) -> list[pl.Series]:
        ordered = self.orders.filter((pl.col("code") == "385763009") & (pl.col("on").dt.year() == year))
        return [ordered["patient_id"].unique()]

    def in_last_care(self, year: int) -> list[pl.Series]:
        """In hospice or palliative care."""
        return [*self.in_hospice(year), self.diagnosed("Z51.5", date(year, 12, 31))]

    def too_ill(self, year: int, *, frail_alone_from: int = 999) -> list[pl.Series]:
        """Besides `in_last_care`, from 66 years on: frail, with an advanced illness since this year or last; or frail alone."""
        end = date(year, 12, 31)
        frail, ill = self.diagnosed("Z74.1", end), self.diagnosed("F03.90", end, date(year - 1, 1, 1))
        is_frail, is_ill = (pl.col("patient_id").is_in(group.implode()) for group in (frail, ill))
        age = age_at_end(year)
        out = self.people.filter(is_frail & (((age >= 66) & is_ill) | (age >= frail_alone_from)))
        return [*self.in_last_care(year), out["patient_id"]]


def local_day(column: str) -> pl.Expr:
    return pl.col(column).dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York").dt.date()


def in_person() -> pl.Expr:
    return pl.col("visit_type") != "telehealth"


def is_wellness() -> pl.Expr:
    """Coded as an annual wellness visit, besides as an office visit."""
    return (pl.col("visit_type") == "preventive") & (pl.col("age") >= 65)


def age_at_end(year: int) -> pl.Expr:
    """Completed years on 31 December."""
    return year - pl.col("birth_on").dt.year()


def age_at_start(year: int) -> pl.Expr:
    """Completed years on 1 January."""
    return age_on(pl.lit(date(year, 1, 1)))


def age_on(day: pl.Expr) -> pl.Expr:
    """Completed years on a day; who is born on 29 February has the birthday on 1 March of other years."""
    birth = pl.col("birth_on")
    # By day of the year, 31 to a month: polars counts months in eight bits.
    in_day, in_birth = (when.dt.month().cast(pl.Int32) * 31 + when.dt.day() for when in (day, birth))
    is_before = in_day < in_birth
    return day.dt.year() - birth.dt.year() - is_before.cast(pl.Int32)


def quantity(column: str = "value") -> pl.Expr:
    """The number of a `valueQuantity`."""
    return pl.col(column).str.extract(r'"value":([0-9.]+)').cast(pl.Float64)


def _with_onset(conditions: pl.DataFrame) -> pl.DataFrame:
    onset = pl.col("onset")
    length = onset.str.len_chars()
    first = pl.when(length == 4).then(onset + "-01-01").when(length == 7).then(onset + "-01").otherwise(onset).str.to_date()
    end_of_year, end_of_month = (first.dt.offset_by(span).dt.offset_by("-1d") for span in ("1y", "1mo"))
    latest = pl.when(length == 4).then(end_of_year).when(length == 7).then(end_of_month).otherwise(first)
    return conditions.with_columns(first_on=first, latest_on=latest)


def judged(
    members: pl.DataFrame,
    evidence: pl.DataFrame,
    excluded: list[pl.Series],
    measure_code: str,
    year: int,
    group_id: str = "Group_1",
) -> pl.DataFrame:
    """Status of each of `members`: `evidence` (patient_id, on) closes the gap on its latest day; `excluded` have none."""
    is_excluded = pl.lit(False)
    for group in excluded:
        is_excluded |= pl.col("patient_id").is_in(group.implode())
    latest = evidence.group_by("patient_id").agg(evidence_on=pl.max("on"))
    status = pl.when(is_excluded).then(pl.lit("excluded")).when(pl.col("evidence_on").is_not_null()).then(pl.lit("closed"))
    return (
        members.select("patient_id")
        .join(latest, on="patient_id", how="left", maintain_order="left")
        .select(
            "patient_id",
            measure_code=pl.lit(measure_code),
            group_id=pl.lit(group_id),
            period_year=pl.lit(year, dtype=pl.Int32),
            status=status.otherwise(pl.lit("open")),
            evidence_on=pl.when(~is_excluded).then("evidence_on"),
        )
    )
