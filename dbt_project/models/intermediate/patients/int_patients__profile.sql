{#- Attributes of the person behind each fact, as of the day that the run looks back from. -#}
with demographics as (

    select
        *,
        {{ age_on('birth_date', 'least(' ~ as_of_on() ~ ', coalesce(deceased_on, ' ~ as_of_on() ~ '))') }} as age_years
    from {{ ref('int_patients__demographics') }}

),

conditions as (

    select
        patient_key,
        count(*) as n_chronic_conditions
    from {{ ref('int_patients__chronic_conditions') }}
    group by patient_key

),

payers as (

    select * from {{ ref('int_patients__payers') }}

),

usual_places as (

    select * from {{ ref('int_patients__usual_places') }}

),

providers as (

    select * from {{ ref('int_reference__providers') }}

)

select
    demographics.patient_key,
    demographics.birth_date,
    demographics.age_years,
    demographics.is_deceased,
    demographics.deceased_on,
    coalesce(payers.payer_class, 'unknown') as payer_class,
    payers.payer_name,
    coalesce(conditions.n_chronic_conditions, 0) as n_chronic_conditions,
    case
        when demographics.age_years is null then 'unknown'
        else
            case when demographics.age_years < 18 then 'child' when demographics.age_years < 65 then 'adult' else 'senior' end
            || case when conditions.n_chronic_conditions > 0 then '_chronic' else '' end
    end as patient_segment,
    coalesce(named.provider_key, usual_places.provider_key) as primary_provider_key,
    coalesce(usual_places.location_key, named.location_key) as home_location_key
from demographics
left join conditions using (patient_key)
left join payers using (patient_key)
left join usual_places using (patient_key)
left join providers as named on demographics.general_practitioner_key = named.provider_key
