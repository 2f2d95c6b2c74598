with

patient_periods as (

    select * from {{ ref('int_measures__patient_periods') }}

),

hospice_services as (

    select * from {{ ref('int_measures__hospice_services') }}

),

palliative_care as (

    select * from {{ ref('int_measures__palliative_care') }}

),

frailty as (

    select * from {{ ref('int_measures__frailty') }}

),

advanced_illness as (

    select * from {{ ref('int_measures__advanced_illness') }}

),

nursing_home_stays as (

    select * from {{ ref('int_measures__nursing_home_stays') }}

),

frail_at_age as (

    select
        frailty.*,
        patient_periods.age_at_end
    from frailty
    inner join patient_periods
        on frailty.period_key = patient_periods.period_key
        and frailty.patient_key = patient_periods.patient_key

)

select period_key, patient_key, 'hospice' as exclusion, evidence_on, reason from hospice_services

union all

select period_key, patient_key, 'palliative_care' as exclusion, evidence_on, reason from palliative_care

union all

select
    nursing_home_stays.period_key,
    nursing_home_stays.patient_key,
    'nursing_home_66' as exclusion,
    nursing_home_stays.evidence_on,
    nursing_home_stays.reason
from nursing_home_stays
inner join patient_periods
    on nursing_home_stays.period_key = patient_periods.period_key
    and nursing_home_stays.patient_key = patient_periods.patient_key
where patient_periods.age_at_end >= 66

union all

select
    frail_at_age.period_key,
    frail_at_age.patient_key,
    case when frail_at_age.age_at_end <= 80 then 'advanced_illness_66_to_80' else 'advanced_illness_81' end as exclusion,
    advanced_illness.evidence_on,
    'Frailty (' || frail_at_age.reason || ') with ' || advanced_illness.reason as reason
from frail_at_age
inner join advanced_illness
    on frail_at_age.period_key = advanced_illness.period_key
    and frail_at_age.patient_key = advanced_illness.patient_key
where frail_at_age.age_at_end >= 66

union all

select
    period_key,
    patient_key,
    'frailty_81' as exclusion,
    evidence_on,
    'Frailty (' || reason || ') at 81 or older' as reason
from frail_at_age
where age_at_end >= 81
