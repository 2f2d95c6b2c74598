with

requests as (

    select * from {{ ref('stg_ehr__medication_requests') }}

),

concepts as (

    select * from {{ ref('int_clinical__concepts') }}

),

in_value_sets as (

    select
        patients.patient_key,
        concept_value_sets.value_set,
        requests.source_system,
        requests.medication_request_id,
        requests.status,
        requests.status in ('active', 'completed') as is_active_or_completed,
        {{ is_order('requests.intent') }} as is_order,
        requests.intent,
        requests.is_not_to_be_given,
        coalesce(reasons.value_sets, []) as reason_value_sets,
        requests.code_name,
        requests.authored_date_time,
        requests.authored_on,
        requests.dispense_request,
        -- The order of several dosages is unknown, so they give no period
        case when array_length(requests.dosages) = 1 then requests.dosages[1] end as dosage,
        coalesce(array_length(requests.dosages), 0) > 1 as has_several_dosages
    from requests
    {{ in_value_sets('requests') | indent(4) }}
    left join concepts as reasons
        on requests.reason_codes = reasons.codes

),

supplies as (

    select
        *,
        coalesce({{ fhir_date('dosage.timing.repeat.boundsPeriod.start') }}, authored_on, {{ fhir_date('dispense_request.validityPeriod.start') }}) as start_on,
        coalesce(
            {{ days_of('dispense_request.expectedSupplyDuration') | indent(12) }},
            {{ days_of_quantity('dispense_request.quantity.value', 'dosage') | indent(12) }}
        ) * (1 + coalesce(dispense_request.numberOfRepeatsAllowed, 0)) as days_of_supply,
        {{ fhir_date('dosage.timing.repeat.boundsPeriod."end"') }} as bounds_end_on
    from in_value_sets

)

select
    patient_key,
    value_set,
    source_system,
    medication_request_id,
    status,
    is_active_or_completed,
    is_order,
    intent,
    is_not_to_be_given,
    reason_value_sets,
    code_name,
    case when not has_several_dosages and (days_of_supply is not null or bounds_end_on is not null) then start_on end as taken_from_on,
    case
        when has_several_dosages then null
        when days_of_supply is not null then {{ last_day_of_supply('start_on', 'days_of_supply') }}
        else bounds_end_on
    end as taken_to_on,
    case when not has_several_dosages then days_of_supply end as days_of_supply,
    coalesce(dispense_request.numberOfRepeatsAllowed, 0) as n_repeats,
    dispense_request.quantity.value as quantity,
    coalesce(dispense_request.quantity.code, dispense_request.quantity.unit) as quantity_unit,
    {{ interval_columns('authored_date_time', 'authored_date_time') }}
from supplies
order by value_set
