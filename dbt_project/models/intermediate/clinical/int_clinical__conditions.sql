with

conditions as (

    select * from {{ ref('stg_ehr__conditions') }}

),

concepts as (

    select * from {{ ref('int_clinical__concepts') }}

),

in_value_sets as (

    select
        patients.patient_key,
        concept_value_sets.value_set,
        conditions.source_system,
        conditions.condition_id,
        -- Absent, confirmed, unconfirmed, provisional or differential
        coalesce(conditions.verification_status, '') not in ('refuted', 'entered-in-error') as is_verified,
        conditions.is_encounter_diagnosis,
        conditions.is_problem_list_item or conditions.is_health_concern as is_problem_or_health_concern,
        conditions.is_health_concern,
        coalesce(body_sites.value_sets, []) as body_site_value_sets,
        coalesce(severities.value_sets, []) as severity_value_sets,
        conditions.recorded_on,
        {{ fhir_date('coalesce(conditions.abatement_date_time, conditions.abatement_period."end")') }} as abated_on,
        conditions.clinical_status,
        conditions.code_name,
        coalesce(
            conditions.onset_date_time,
            conditions.onset_period.start,
            cast({{ day_of_age('patients.birth_date', 'conditions.onset_age') }} as varchar),
            cast({{ day_of_age('patients.birth_date', 'conditions.onset_range.low') }} as varchar)
        ) as onset,
        coalesce(
            conditions.onset_date_time, conditions.onset_period.start, conditions.onset_period."end"
        ) is not null or conditions.onset_age is not null or conditions.onset_range is not null as has_onset,
        conditions.onset_date_time is not null as is_onset_dated,
        coalesce(
            conditions.abatement_date_time,
            -- The abatement is an open end: the condition's last instant is the one before it
            case
                when conditions.abatement_period is null then null
                when conditions.abatement_period."end" is null then {{ unbounded_future() }}
                when length(conditions.abatement_period."end") > 10
                    then cast({{ fhir_instant('conditions.abatement_period."end"') }} - interval 1 millisecond as varchar)
                when length(conditions.abatement_period."end") = 10
                    then cast(try_cast(conditions.abatement_period."end" as date) - 1 as varchar)
                else conditions.abatement_period."end"
            end,
            -- A person is 60 years old for a whole year
            cast(cast({{ day_of_age('patients.birth_date', 'conditions.abatement_age') }} + interval 1 year as date) - 1 as varchar),
            cast(cast({{ day_of_age('patients.birth_date', 'conditions.abatement_range.high') }} + interval 1 year as date) - 1 as varchar)
        ) as abatement,
        conditions.abatement_date_time is not null
        or conditions.abatement_period is not null
        or conditions.abatement_age is not null
        or conditions.abatement_range is not null
        or conditions.abatement_string is not null as has_abatement
    from conditions
    {{ in_value_sets('conditions') | indent(4) }}
    left join concepts as body_sites
        on conditions.body_site_codes = body_sites.codes
    left join concepts as severities
        on conditions.severity_codes = severities.codes

),

-- The prevalence interval. An abatement overrides the status; an ended condition without one has an unknown end.
prevalence as (

    select
        *,
        case when has_onset then onset when has_abatement then {{ unbounded_past() }} end as lo,
        case
            when has_abatement then abatement
            when has_onset and clinical_status in ('active', 'recurrence', 'relapse') then {{ unbounded_future() }}
        end as hi
    from in_value_sets

)

select
    patient_key,
    value_set,
    source_system,
    condition_id,
    is_verified,
    is_encounter_diagnosis,
    is_problem_or_health_concern,
    is_health_concern,
    body_site_value_sets,
    severity_value_sets,
    recorded_on,
    is_onset_dated,
    clinical_status,
    has_abatement,
    abated_on,
    code_name,
    {{ interval_columns('lo', 'hi') }}
from prevalence
order by value_set
