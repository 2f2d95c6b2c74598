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
        case when len(requests.dosages) = 1 then requests.dosages[1] end as dosage,
        coalesce(len(requests.dosages), 0) > 1 as has_several_dosages
    from requests
    {{ in_value_sets('requests') | indent(4) }}
    left join concepts as reasons
        on requests.reason_codes = reasons.codes

),

-- CumulativeMedicationDuration: doses per day, otherwise the number of times of day; without either, the days of supply are unknown
doses as (

    select
        *,
        dosage.timing.repeat.boundsPeriod as bounds,
        coalesce(
            coalesce(dosage.timing.repeat.frequencyMax, dosage.timing.repeat.frequency)
            / nullif(dosage.timing.repeat.period * case dosage.timing.repeat.periodUnit
                when 's' then 1.0 / 86400 when 'min' then 1.0 / 1440 when 'h' then 1.0 / 24
                when 'd' then 1 when 'wk' then 7 when 'mo' then 30 when 'a' then 365
            end, 0),
            len(dosage.timing.repeat.timeOfDay)
        ) as doses_per_day,
        coalesce(dosage.doseAndRate[1].doseRange.high.value, dosage.doseAndRate[1].doseQuantity.value) as dose
    from in_value_sets

),

supplies as (

    select
        *,
        coalesce({{ fhir_date('bounds.start') }}, authored_on, {{ fhir_date('dispense_request.validityPeriod.start') }}) as start_on,
        coalesce(
            {{ days_of('dispense_request.expectedSupplyDuration') }},
            dispense_request.quantity.value / nullif(dose * doses_per_day, 0)
        ) * (1 + coalesce(dispense_request.numberOfRepeatsAllowed, 0)) as supply_days,
        {{ fhir_date('bounds."end"') }} as bounds_end_on
    from doses

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
    case when not has_several_dosages and (supply_days is not null or bounds_end_on is not null) then start_on end as taken_from_on,
    case
        when has_several_dosages then null
        when supply_days is not null then start_on + cast(floor(supply_days - 1) as integer)
        else bounds_end_on
    end as taken_to_on,
    {{ interval_columns('authored_date_time', 'authored_date_time') }}
from supplies
order by value_set
