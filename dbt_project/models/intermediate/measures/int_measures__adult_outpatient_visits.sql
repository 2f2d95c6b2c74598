with

periods as (

    select * from {{ ref('int_measures__periods') }}

),

encounters as (

    select * from {{ ref('int_clinical__encounters') }}

)

select
    periods.period_key,
    encounters.patient_key,
    max(encounters.hi_on_latest) as visited_on
from encounters
inner join periods
    on {{ during_days('encounters', 'periods.period_start_on', 'periods.period_end_on') }}
where
    encounters.is_performed
    and encounters.value_set in (
        'office_visit',
        'annual_wellness_visit',
        'preventive_care_services_established_office_visit_18_and_up',
        'preventive_care_services_initial_office_visit_18_and_up',
        'home_healthcare_services',
        'virtual_encounter',
        'telephone_visits'
    )
group by periods.period_key, encounters.patient_key
