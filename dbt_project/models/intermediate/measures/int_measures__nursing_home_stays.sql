with

periods as (

    select * from {{ ref('int_measures__periods') }}

),

-- Only the latest answer counts: any later one, even without a value, undoes it
latest as (

    select
        periods.period_key,
        observations.patient_key,
        observations.value_value_sets,
        {{ evidence_on('observations') }} as evidence_on
    from {{ ref('int_clinical__observations') }} as observations
    inner join periods
        on observations.hi_on_latest <= periods.period_end_on
    where observations.value_set = 'housing_status' and observations.is_performed
    qualify row_number() over (
        partition by periods.period_key, observations.patient_key
        order by observations.hi_at_latest desc, observations.observation_id desc
    ) = 1

)

select
    period_key,
    patient_key,
    evidence_on,
    'Lives in a nursing home' as reason
from latest
where list_contains(value_value_sets, 'lives_in_nursing_home')
