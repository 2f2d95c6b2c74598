"""The record at the last delivery, for the rules of the true care gaps."""

from collections.abc import Sequence
from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from data_samples.simulator.clock import TIME_ZONE
from data_samples.simulator.deliveries import Delivery
from data_samples.simulator.record import Record

ADVANCED_ILLNESSES = ("F03.90", "I50.22")
FEMALE = pl.col("sex") == "female"


class Known:
    """Facts of one chunk that were recorded in time, with `on`, their local day.

    people: one row per patient (see `Population`). visits: completed visits. reports: of consultants, on referrals (`based_on`).
    `as_of_on` is the day after the last delivery, from which a run looks back. Days of onset are `first_on` and `latest_on`,
    which differ where a patient remembers a year or a month only.
    """

    def __init__(self, people: pl.DataFrame, record: Record, last: Delivery) -> None:
        self.people = people
        self.visits = record.facts["Encounter"].filter(pl.col("ends_at") + pl.duration(minutes=20) <= last.at)
        known = {
            name: record.facts[name].filter(pl.col("recorded_at") <= last.at)
            for name in (
                "Observation",
                "Procedure",
                "ServiceRequest",
                "MedicationRequest",
                "MedicationDispense",
                "Immunization",
                "Condition",
            )
        }
        dated = {name: frame.with_columns(on=local_day("at")) for name, frame in known.items() if name != "Condition"}
        self.observations, self.procedures = dated["Observation"], dated["Procedure"]
        # An order is active as long as its supply lasts (`medication_versions`).
        runs_out_at = pl.col("ends_on").cast(pl.Datetime("us")) + pl.duration(hours=6)
        self.orders = dated["ServiceRequest"]
        self.medications = dated["MedicationRequest"].with_columns(is_active=runs_out_at > last.at)
        self.immunizations, self.dispenses = dated["Immunization"], dated["MedicationDispense"]
        self.letters, self.allergies = (_if_any(record, name, last) for name in ("Letter", "AllergyIntolerance"))
        reported = record.facts["Task"].filter(pl.col("reported_at") + pl.duration(hours=5) <= last.at)
        self.reports = reported.with_columns(on=local_day("reported_at"))
        self.as_of_on = last.at.replace(tzinfo=UTC).astimezone(ZoneInfo(TIME_ZONE)).date() + timedelta(days=1)
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
        frail = self.diagnosed("Z74.1", end)
        ill = pl.concat([self.diagnosed(code, end, date(year - 1, 1, 1)) for code in ADVANCED_ILLNESSES])
        is_frail, is_ill = (pl.col("patient_id").is_in(group.implode()) for group in (frail, ill))
        age = age_at_end(year)
        out = self.people.filter(is_frail & (((age >= 66) & is_ill) | (age >= frail_alone_from)))
        return [*self.in_last_care(year), out["patient_id"]]


def _if_any(record: Record, name: str, last: Delivery) -> pl.DataFrame:
    """Facts of a type that few practices have: patient_id, code, at, onset, on."""
    nothing = pl.DataFrame(schema={"patient_id": pl.String, "code": pl.String, "at": pl.Datetime("us"), "onset": pl.Date})
    known = record.facts[name].filter(pl.col("recorded_at") <= last.at) if name in record.facts else nothing
    return pl.concat([nothing, known], how="diagonal_relaxed").with_columns(on=local_day("at"))


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
    onset = pl.col("onset").str.head(10)
    length = onset.str.len_chars()
    first = pl.when(length == 4).then(onset + "-01-01").when(length == 7).then(onset + "-01").otherwise(onset).str.to_date()
    end_of_year, end_of_month = (first.dt.offset_by(span).dt.offset_by("-1d") for span in ("1y", "1mo"))
    latest = pl.when(length == 4).then(end_of_year).when(length == 7).then(end_of_month).otherwise(first)
    return conditions.with_columns(first_on=first, latest_on=latest)


def any_of(groups: Sequence[pl.Series]) -> pl.Expr:
    """Whether the patient is in one of the groups."""
    return pl.any_horizontal(pl.lit(False), *(pl.col("patient_id").is_in(group.implode()) for group in groups))


def judged(
    members: pl.DataFrame,
    evidence: pl.DataFrame,
    excluded: list[pl.Series],
    measure_code: str,
    year: int,
    group_id: str = "Group_1",
    *,
    excepted: Sequence[pl.Series] = (),
    unknown: Sequence[pl.Series] = (),
) -> pl.DataFrame:
    """Status of each of `members`: `evidence` (patient_id, on) closes the gap on its latest day; `excluded` have none.

    `excepted` have none either where there is no evidence; of `unknown` it cannot be told yet.
    """
    is_excluded, is_excepted = (any_of(groups) for groups in (excluded, excepted))
    latest = evidence.group_by("patient_id").agg(evidence_on=pl.max("on"), is_met=pl.lit(True))
    status = pl.when(is_excluded).then(pl.lit("excluded")).when(pl.col("is_met")).then(pl.lit("closed"))
    return (
        members.select("patient_id")
        .join(latest, on="patient_id", how="left", maintain_order="left")
        .select(
            "patient_id",
            measure_code=pl.lit(measure_code),
            group_id=pl.lit(group_id),
            period_year=pl.lit(year, dtype=pl.Int32),
            status=status.when(is_excepted)
            .then(pl.lit("excluded"))
            .when(any_of(unknown))
            .then(pl.lit("not_assessable"))
            .otherwise(pl.lit("open")),
            evidence_on=pl.when(~is_excluded).then("evidence_on"),
        )
    )


def judged_visits(
    visits: pl.DataFrame, evidence: pl.DataFrame, excluded: list[pl.Series], measure_code: str, year: int
) -> pl.DataFrame:
    """Status of each patient's latest visit of a measure whose unit is the visit (patient_id, encounter_id, day).

    `evidence` (encounter_id, on) closes it, `excluded` are encounter ids; see `judged`.
    """
    latest = visits.sort("day", "encounter_id").unique("patient_id", keep="last", maintain_order=True)
    shown = latest.select("patient_id", "encounter_id")

    def of_patients(encounters: pl.Series) -> pl.Series:
        return shown.filter(pl.col("encounter_id").is_in(encounters.implode()))["patient_id"]

    found = shown.join(evidence.select("encounter_id", "on"), on="encounter_id")
    return judged(shown, found, [of_patients(encounters) for encounters in excluded], measure_code, year)
