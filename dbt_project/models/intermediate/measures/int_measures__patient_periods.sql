with

patients as (

    select * from {{ ref('int_measures__patients') }}

),

periods as (

    select * from {{ ref('int_measures__periods') }}

)

select
    periods.period_key,
    patients.patient_key,
    patients.birth_on,
    patients.sex_code,
    patients.deceased_on,
    periods.period_start_on,
    periods.period_end_on,
    periods.period_starts_at,
    periods.period_ends_before,
    {{ age_on('patients.birth_on', 'periods.period_start_on') }} as age_at_start,
    {{ age_on('patients.birth_on', 'periods.period_end_on') }} as age_at_end
from patients
cross join periods
where patients.birth_on is not null
