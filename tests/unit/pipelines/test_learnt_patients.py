"""A large practice's models learn from 30,000 patients, the same in every run, and score everybody."""

import duckdb
import pytest

from ml.risk.features import FEATURES
from pipelines.scoring.feature_rows import ScoringRows, TrainingRows, appointments

RESTRICTED = 7


def practice_of(n_patients: int) -> duckdb.DuckDBPyConnection:
    """Patients 1 to n, each with one row that can be learnt from, one to score, and an appointment behind and one ahead."""
    connection = duckdb.connect()
    inputs = ", ".join(f"0.0 as {feature.name}" for feature in FEATURES)
    connection.execute(
        f"""
        create schema intermediate; create schema marts; create schema ml;
        create table intermediate.int_patients__profile as
            select range + 1 as patient_key, 'self_pay' as payer_class, 1 as home_location_key from range({n_patients});
        create table intermediate.int_patients__demographics as
            select patient_key, 'female' as sex, null as race, null as ethnicity, 'en' as language
            from intermediate.int_patients__profile;
        create table intermediate.int_patients__restricted as select {RESTRICTED} as patient_key;
        create table intermediate.int_disengagement__index as
            select patient_key, unnest([date '2025-01-01', date '2025-12-01']) as index_on, 1 as location_key
            from intermediate.int_patients__profile;
        create table intermediate.int_disengagement__features as
            select patient_key, index_on, {inputs} from intermediate.int_disengagement__index;
        create table intermediate.int_disengagement__labels as
            select patient_key, index_on, false as is_disengaged, index_on as decided_on, null::date as contacted_on
            from intermediate.int_disengagement__index where index_on = '2025-01-01';
        create table intermediate.int_disengagement__contact_months as
            select patient_key, index_on from intermediate.int_disengagement__index;
        create table intermediate.int_no_show__features as
            select 2 * patient_key + side as appointment_key, patient_key, side = 0 as is_ahead
            from intermediate.int_patients__profile, (select unnest([0, 1]) as side);
        create table marts.fct_outreach_trials (
            trial_key bigint, source_system varchar, campaign_id varchar, patient_key bigint, added_on date,
            is_held_out boolean, is_mature boolean, has_visit_90_days boolean
        );
        create table ml.model_evaluations (metric varchar);
        """
    )
    return connection


def learnt(connection: duckdb.DuckDBPyConnection) -> set[int]:
    return set(TrainingRows.read(connection).labelled["patient_key"])


@pytest.fixture(scope="module")
def large() -> duckdb.DuckDBPyConnection:
    return practice_of(30_100)


def test_a_practice_of_30000_is_learnt_from_whole_but_for_the_restricted():
    assert learnt(practice_of(30_000)) == set(range(1, 30_001)) - {RESTRICTED}


def test_of_a_larger_one_30000_are_learnt_from(large):
    assert len(learnt(large) | {RESTRICTED}) in (30_000, 30_001)
    assert len(learnt(large)) >= 29_999


def test_they_are_the_same_for_months_of_contact_past_appointments_and_the_hash_at_scoring(large):
    rows, scored, booked = TrainingRows.read(large), ScoringRows.read(large), appointments(large)
    known = set(rows.labelled["patient_key"])
    assert set(rows.contact_months["patient_key"]) - {RESTRICTED} == known
    assert set(booked.filter(~booked["is_ahead"])["patient_key"]) == known
    assert scored.labelled.equals(rows.labelled)


def test_everybody_is_scored(large):
    everybody = set(range(1, 30_101)) - {RESTRICTED}
    assert set(ScoringRows.read(large).newest["patient_key"]) == everybody
    booked = appointments(large)
    assert set(booked.filter("is_ahead")["patient_key"]) == everybody


def test_who_joins_displaces_as_many_as_join_at_most(large):
    assert len(learnt(large) - learnt(practice_of(30_200))) <= 100
