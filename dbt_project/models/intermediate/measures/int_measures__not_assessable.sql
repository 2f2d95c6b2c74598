-- Patients who might be in a measure's initial population, but lack the data that decide it
with

patients as (

    select * from {{ ref('int_measures__patients') }}

),

periods as (

    select * from {{ ref('int_measures__periods') }}

),

measures as (

    select * from {{ ref('measure_catalog') }}
    where measure_code not in (select measure_code from {{ ref('int_measures__missing_value_sets') }})

),

candidates as (

    select
        measures.measure_code,
        periods.period_key,
        patients.patient_key,
        patients.birth_on,
        {{ age_on('patients.birth_on', 'periods.period_end_on') }} as age_at_end,
        measures.min_age,
        measures.max_age
    from patients
    cross join periods
    cross join measures
    where
        (patients.birth_on is null and measures.min_age is not null)
        or (measures.needs_sex and patients.sex_code is null)

)

select
    measure_code,
    period_key,
    patient_key,
    case when birth_on is null then 'Birth date is missing or incomplete' else 'Sex (US Core) is not on record' end as reason
from candidates
where birth_on is null or age_at_end between min_age and max_age
