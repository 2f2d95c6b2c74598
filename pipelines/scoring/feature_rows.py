"""Reads the rows that the risk models are trained on and applied to, before any model runs.

No other file here queries features: a model sees only what is read here, and nobody whose data is restricted.
"""

from dataclasses import dataclass

import duckdb
import polars as pl

from ml.risk.features import FEATURES

LEARNT_FROM = 30_000
"""Patients that the models learn from. Of 10,000 the model is 0.019 below the best possible AUROC on average
(docs/risk_models.md), and time and memory of training grow with the patients."""
_LEARNT = f"""
    semi join (
        select patient_key from intermediate.int_patients__profile
        order by md5(cast(patient_key as varchar)), patient_key
        limit {LEARNT_FROM}
    ) as learnt using (patient_key)
"""
"""The same patients in every run, but for those who join."""
_INPUTS = ", ".join(f"features.{feature.name}" for feature in FEATURES)
_FEATURES = f"""
    select features.patient_key, features.index_on, places.location_key, {_INPUTS}
    from intermediate.int_disengagement__features as features
    inner join intermediate.int_disengagement__index as places using (patient_key, index_on)
    anti join intermediate.int_patients__restricted as restricted using (patient_key)
"""
_ORDER = "order by patient_key, index_on"
_LABELLED = f"""
    select features.*, labels.is_disengaged, labels.decided_on, labels.contacted_on
    from ({_FEATURES}) as features
    inner join intermediate.int_disengagement__labels as labels using (patient_key, index_on)
    {_LEARNT}
    {_ORDER}
"""
_CONTACT_MONTHS = f"from intermediate.int_disengagement__contact_months {_LEARNT} {_ORDER}"
_NEWEST = f"{_FEATURES} where features.index_on = (select max(index_on) from intermediate.int_disengagement__index) {_ORDER}"
_PEOPLE = """
    select
        patient_key, sex, race, ethnicity, language, coalesce(payer_class, 'unknown') as payer_class,
        cast(home_location_key as varchar) as location
    from intermediate.int_patients__demographics
    inner join intermediate.int_patients__profile using (patient_key)
    order by patient_key
"""
_TRIAL_MEMBERS = """
    select
        source_system || ' ' || campaign_id as stratum, patient_key,
        cast(date_trunc('month', added_on) as date) as month_on, is_held_out,
        case when is_mature then has_visit_90_days end as has_visited
    from marts.fct_outreach_trials
    order by trial_key
"""
_TRIAL_MONTHS = (
    f"{_FEATURES} where features.index_on in (select date_trunc('month', added_on) from marts.fct_outreach_trials) {_ORDER}"
)
_APPOINTMENTS = f"""
    with shown as (
        select * from intermediate.int_no_show__features
        anti join intermediate.int_patients__restricted as restricted using (patient_key)
    )
    select * from shown where is_ahead
    union all
    select * from (from shown {_LEARNT}) where is_ahead is not true
    order by appointment_key
"""


@dataclass(frozen=True)
class TrainingRows:
    """`labelled`: the rows with known outcomes of `LEARNT_FROM` patients, in a fixed order, so that the same data always give the
    same model. `contact_months`: which of them could be contacted in which month. `people`: the groups for auditing the model,
    `patient_key` and one column per kind of group.
    """

    labelled: pl.DataFrame
    contact_months: pl.DataFrame
    people: pl.DataFrame

    @classmethod
    def read(cls, connection: duckdb.DuckDBPyConnection) -> "TrainingRows":
        return cls(*(connection.sql(query).pl() for query in (_LABELLED, _CONTACT_MONTHS, _PEOPLE)))


@dataclass(frozen=True)
class ScoringRows:
    """`labelled` and `contact_months` as above; `newest`: eligible patients at the newest index.

    `evaluations`: `ml.model_evaluations`. `trial_members`: patients selected for outreach, with `month_on`; `trial_months`: the
    features at the index of those months.
    """

    labelled: pl.DataFrame
    contact_months: pl.DataFrame
    newest: pl.DataFrame
    evaluations: pl.DataFrame
    trial_members: pl.DataFrame
    trial_months: pl.DataFrame

    @classmethod
    def read(cls, connection: duckdb.DuckDBPyConnection) -> "ScoringRows":
        queries = (_LABELLED, _CONTACT_MONTHS, _NEWEST, "from ml.model_evaluations", _TRIAL_MEMBERS, _TRIAL_MONTHS)
        return cls(*(connection.sql(query).pl() for query in queries))


def appointments(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """One row per upcoming appointment, and per past one of `LEARNT_FROM` patients: the columns of `int_no_show__features`."""
    return connection.sql(_APPOINTMENTS).pl()
