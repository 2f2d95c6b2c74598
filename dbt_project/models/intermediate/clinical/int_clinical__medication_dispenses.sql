with

dispenses as (

    select
        *,
        -- The order of several dosages is unknown, so they give no days
        case when array_length(dosages) = 1 then dosages[1] end as dosage
    from {{ ref('stg_ehr__medication_dispenses') }}

),

supplies as (

    select
        *,
        coalesce(days_supply, {{ days_of_quantity('quantity', 'dosage') | indent(8) }}) as days_of_supply
    from dispenses

)

select
    patients.patient_key,
    concept_value_sets.value_set,
    supplies.source_system,
    supplies.medication_dispense_id,
    supplies.status,
    supplies.status in ('completed', 'in-progress', 'on-hold') as is_dispensed,
    supplies.code_name,
    supplies.days_of_supply,
    case when supplies.days_of_supply is not null then supplies.dispensed_on end as taken_from_on,
    {{ last_day_of_supply('supplies.dispensed_on', 'supplies.days_of_supply') }} as taken_to_on
from supplies
{{ in_value_sets('supplies') }}
order by value_set
