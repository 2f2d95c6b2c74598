{%- set first, last = 'cast(periods.period_start_on - interval 1 year as date)', 'periods.period_end_on' -%}
-- Known since the year before the period at the earliest: an older illness, even an active one, does not count
with

periods as (

    select * from {{ ref('int_measures__periods') }}

),

illnesses as (

    select
        periods.period_key,
        conditions.patient_key,
        'advanced illness' as reason,
        {{ evidence_on('conditions') }} as evidence_on
    from {{ ref('int_clinical__conditions') }} as conditions
    inner join periods
        on {{ starts_during_days('conditions', first, last) }}
    where conditions.value_set = 'advanced_illness' and conditions.is_verified

    union all

    select
        periods.period_key,
        requests.patient_key,
        'dementia medication',
        requests.taken_from_on
    from {{ ref('int_clinical__medication_requests') }} as requests
    inner join periods
        on requests.taken_from_on <= {{ last }} and requests.taken_to_on >= {{ first }}
    where
        requests.value_set = 'dementia_medications'
        and requests.status = 'active'
        and requests.is_order
        and not requests.is_not_to_be_given

)

select
    period_key,
    patient_key,
    max(evidence_on) as evidence_on,
    min(reason) as reason
from illnesses
group by period_key, patient_key
