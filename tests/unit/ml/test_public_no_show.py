"""The no-show benchmark: what counts as history, which rows are impossible, and the metrics on real appointments."""

import json
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from ml.risk.public_no_show import COLUMNS, features, read_public
from pipelines.cli.benchmark import command

REAL = Path("../shared/data/noshow/appointments_until_2016-05-25.csv.gz")


def _public(**changes) -> pl.DataFrame:
    row = dict.fromkeys(COLUMNS, "0") | {
        "PatientId": "53761528476E-5", "Gender": "F", "ScheduledDay": "2016-05-01T08:00:00Z",
        "AppointmentDay": "2016-05-03T00:00:00Z", "Age": "30", "No-show": "No",
    }  # fmt: skip
    return pl.DataFrame([row | changes])


def _appointments(*rows: tuple[str, int, float]) -> pl.DataFrame:
    """One row per (patient, day of May 2016, was missed), booked on the first of May."""
    return pl.DataFrame(
        [
            {
                "patient_id": patient, "booked_at": datetime(2016, 5, 1, 8), "day_on": date(2016, 5, day), "age_years": 40.0,
                "area": "A", "is_female": True, "has_scholarship": False, "has_hypertension": False, "has_diabetes": False,
                "has_alcoholism": False, "has_handicap": False, "is_reminded": False, "is_no_show": missed,
            }
            for patient, day, missed in rows
        ]
    )  # fmt: skip


def test_patient_ids_stay_text():
    rows, n_impossible = read_public(_public())
    assert rows["patient_id"].item() == "53761528476E-5" and n_impossible == 0


@pytest.mark.parametrize("change", [{"Age": "-1"}, {"ScheduledDay": "2016-05-04T08:00:00Z"}, {"No-show": "Maybe"}])
def test_an_impossible_row_is_left_out_and_counted(change):
    rows, n_impossible = read_public(_public(**change))
    assert len(rows) == 0 and n_impossible == 1


def test_a_file_of_another_form_is_refused_by_the_names_that_are_missing():
    with pytest.raises(ValueError, match="PatientId"):
        read_public(_public().drop("PatientId"))


def test_history_ends_the_day_before_the_appointment():
    rows = features(_appointments(("p", 2, 1.0), ("p", 3, 1.0), ("p", 3, 0.0), ("p", 5, 0.0)), overall=0.2).sort("day_on")
    assert rows["n_patient_past"].to_list() == [0, 1, 1, 3]
    assert rows["patient_rate"].to_list() == pytest.approx([0.2, 1.4 / 3, 1.4 / 3, 2.4 / 5])
    assert rows["days_since_past"].to_list() == [None, 1, 1, 2]


def test_no_feature_changes_with_outcomes_of_the_same_day_or_later():
    known, later = ("p", 2, 1.0), [("p", 4, 0.0), ("p", 4, 0.0), ("p", 6, 0.0)]
    otherwise = [(patient, day, 1.0) for patient, day, _ in later]
    first = features(_appointments(known, *later), overall=0.2).filter(pl.col("day_on") <= date(2016, 5, 4))
    second = features(_appointments(known, *otherwise), overall=0.2).filter(pl.col("day_on") <= date(2016, 5, 4))
    assert first.drop("is_no_show").sort(pl.all()).equals(second.drop("is_no_show").sort(pl.all()))


@pytest.mark.skipif(not REAL.exists(), reason="the public appointments are not beside this checkout")
def test_real_appointments_reach_the_published_metrics_and_do_not_exceed_them():
    result = CliRunner().invoke(command, ["noshow", str(REAL), "--json"])
    report = json.loads(result.output)
    assert 0.728 <= report["auroc"] < 0.78
    assert report["auroc_lead_gt_0"] >= 0.600
    assert report["precision_top_tenth"] >= 0.38
    assert report["ece"] <= 0.03
