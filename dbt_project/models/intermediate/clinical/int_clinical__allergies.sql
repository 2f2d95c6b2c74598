with

allergies as (

    select * from {{ ref('stg_ehr__allergies') }}

)

select
    patients.patient_key,
    concept_value_sets.value_set,
    allergies.source_system,
    allergies.allergy_id,
    allergies.is_active,
    allergies.clinical_status,
    allergies.verification_status,
    allergies.code_name,
    -- It lasts unless it is told when it last occurred
    case
        when allergies.last_occurrence_date_time is not null
            then {{ first_possible_day('allergies.last_occurrence_date_time') | indent(12) }}
        when onset is not null then cast({{ unbounded_future() }} as date)
    end as lasts_to_on,
    {{ interval_columns(
        'onset', end_of('allergies.onset_date_time', 'allergies.onset_period')
    ) }}
from allergies
{{ in_value_sets('allergies') }}
cross join lateral (
    select coalesce(
        allergies.onset_date_time,
        allergies.onset_period.start,
        cast({{ day_of_age('patients.birth_date', 'allergies.onset_age') }} as varchar),
        cast({{ day_of_age('patients.birth_date', 'allergies.onset_range.low') }} as varchar),
        case when allergies.last_occurrence_date_time is not null then {{ unbounded_past() }} end
    ) as onset
) as onsets
