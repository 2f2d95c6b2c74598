"""Predicts missed appointments on a public data set, at the time when a reminder would go out.

It runs on the public file of 2016 appointments (`caregap benchmark noshow`), so that the method can be compared with published
results. The score serves to offer help with attending, never to double-book a slot.
"""

import numpy as np
import polars as pl

from ml.metrics import auroc, expected_calibration_error, precision_at
from ml.risk.spline_logistic import fit_spline_logistic

COLUMNS = (
    "PatientId", "AppointmentID", "Gender", "ScheduledDay", "AppointmentDay", "Age", "Neighbourhood", "Scholarship",
    "Hipertension", "Diabetes", "Alcoholism", "Handcap", "SMS_received", "No-show",
)  # fmt: skip
"""The header of the public file, with its own spelling."""

CURVES = (
    "age_years", "age_if_same_day", "lead_days", "booked_hour", "patient_rate", "patient_rate_if_same_day", "n_patient_past",
    "days_since_past", "n_patient_same_day", "area_rate",
)  # fmt: skip
FLAGS = (
    "is_same_day", "is_first", "is_female", "has_scholarship", "has_hypertension", "has_diabetes", "has_alcoholism",
    "has_handicap", "is_reminded", "is_monday", "is_tuesday", "is_wednesday", "is_thursday", "is_friday",
)  # fmt: skip
WEEKDAYS = ("is_monday", "is_tuesday", "is_wednesday", "is_thursday", "is_friday")
HELD_OUT_DAYS = 4
"""Clinic days held out at the end if no test file is given."""
PRIOR_PATIENT, PRIOR_AREA = 2, 200
"""Prior weight, in appointments, with which a patient's and an area's rates are shrunk to the overall rate."""


def read_public(text: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Typed appointments from the public file read as text, and the number of impossible rows that were excluded.

    Patient ids stay text (`53761528476E-5` is one). Impossible: a negative age, a booking after the appointment, or an unreadable
    value. Raises `ValueError` naming the missing columns.
    """
    missing = [name for name in COLUMNS if name not in text.columns]
    if missing:
        raise ValueError(f"columns are missing: {', '.join(missing)}")
    typed = text.select(
        patient_id="PatientId",
        booked_at=pl.col("ScheduledDay").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False),
        day_on=pl.col("AppointmentDay").str.slice(0, 10).str.to_date(strict=False),
        age_years=pl.col("Age").cast(pl.Float64, strict=False),
        area="Neighbourhood",
        is_female=pl.col("Gender") == "F",
        has_scholarship=pl.col("Scholarship") != "0",
        has_hypertension=pl.col("Hipertension") != "0",
        has_diabetes=pl.col("Diabetes") != "0",
        has_alcoholism=pl.col("Alcoholism") != "0",
        has_handicap=pl.col("Handcap") != "0",
        is_reminded=pl.col("SMS_received") != "0",
        is_no_show=pl.col("No-show").replace_strict({"Yes": 1.0, "No": 0.0}, default=None, return_dtype=pl.Float64),
    )
    possible = typed.drop_nulls().filter(pl.col("age_years") >= 0, pl.col("booked_at").dt.date() <= pl.col("day_on"))
    return possible, len(text) - len(possible)


def features(appointments: pl.DataFrame, overall: float) -> pl.DataFrame:
    """Adds the columns `CURVES` and `FLAGS` to `appointments`; same rows, any order.

    A patient's or area's history counts outcomes on days strictly before the appointment, shrunk to the `overall` rate of the
    training rows.
    """
    patient, area = _past(appointments, "patient_id"), _past(appointments, "area")
    with_past = appointments.join(patient, on=["patient_id", "day_on"]).join(area, on=["area", "day_on"])
    lead = (pl.col("day_on") - pl.col("booked_at").dt.date()).dt.total_days()
    with_rates = with_past.with_columns(
        lead_days=lead,
        is_same_day=lead == 0,
        booked_hour=pl.col("booked_at").dt.hour() + pl.col("booked_at").dt.minute() / 60,
        is_first=pl.col("n_past_patient_id") == 0,
        n_patient_past="n_past_patient_id",
        n_patient_same_day="n_same_day_patient_id",
        days_since_past="days_since_past_patient_id",
        patient_rate=(pl.col("n_missed_patient_id") + overall * PRIOR_PATIENT) / (pl.col("n_past_patient_id") + PRIOR_PATIENT),
        area_rate=(pl.col("n_missed_area") + overall * PRIOR_AREA) / (pl.col("n_past_area") + PRIOR_AREA),
        **{name: pl.col("day_on").dt.weekday() == number for number, name in enumerate(WEEKDAYS, start=1)},
    )
    return with_rates.with_columns(
        age_if_same_day=pl.col("age_years") * pl.col("is_same_day"),
        patient_rate_if_same_day=pl.col("patient_rate") * pl.col("is_same_day"),
    )


def benchmark(train: pl.DataFrame, test: pl.DataFrame | None = None) -> dict[str, float]:
    """Trains on `train` and evaluates on `test`, or on the last clinic days of `train` if there is no `test`.

    Both as `read_public` returns them. Out: `auroc`, `auroc_lead_gt_0` (booked before the day), `precision_top_tenth`, `ece`,
    `n_train`, `n_test`, `prevalence`. A test row's history may include earlier test days, never its own or a later day.
    """
    if test is None:
        days = train["day_on"].unique().sort()
        if len(days) <= HELD_OUT_DAYS:
            raise ValueError(f"{len(days)} clinic days are too few: {HELD_OUT_DAYS} are held out, and some must remain to train")
        first = days[-HELD_OUT_DAYS]
        train, test = train.filter(pl.col("day_on") < first), train.filter(pl.col("day_on") >= first)
    overall = float(train["is_no_show"].cast(pl.Float64).to_numpy().mean())
    known = features(train, overall)
    model = fit_spline_logistic(_matrix(known), known["is_no_show"].to_numpy(), n_curves=len(CURVES))
    both = pl.concat([train.with_columns(is_test=False), test.with_columns(is_test=True)])
    scored = features(both, overall).filter("is_test")
    labels, risks = scored["is_no_show"].to_numpy(), model.predict_proba(_matrix(scored))[:, 1]
    ahead = scored["lead_days"].to_numpy() > 0
    return {
        "auroc": auroc(labels, risks),
        "auroc_lead_gt_0": auroc(labels[ahead], risks[ahead]),
        "precision_top_tenth": precision_at(labels, risks, 0.1),
        "ece": expected_calibration_error(labels, risks),
        "n_train": len(train),
        "n_test": len(test),
        "prevalence": float(labels.mean()),
    }


def _past(appointments: pl.DataFrame, key: str) -> pl.DataFrame:
    """One row per `key` and day: totals over earlier days, as the running total minus the day itself."""
    days = appointments.group_by(key, "day_on").agg(n=pl.len().cast(pl.Int64), missed=pl.sum("is_no_show")).sort(key, "day_on")
    return days.select(
        key,
        "day_on",
        (pl.col("n").cum_sum().over(key) - pl.col("n")).alias(f"n_past_{key}"),
        (pl.col("missed").cum_sum().over(key) - pl.col("missed")).alias(f"n_missed_{key}"),
        (pl.col("day_on") - pl.col("day_on").shift(1).over(key)).dt.total_days().alias(f"days_since_past_{key}"),
        pl.col("n").alias(f"n_same_day_{key}"),
    )


def _matrix(rows: pl.DataFrame) -> np.ndarray:
    return rows.select(pl.col(CURVES + FLAGS).cast(pl.Float64)).to_numpy()
