select
    cast(survey_answer_key as bigint) as survey_answer_key,
    cast(source_system as varchar) as source_system,
    cast(answer_id as varchar) as answer_id,
    cast(patient_key as bigint) as patient_key,
    cast(provider_key as bigint) as provider_key,
    cast(location_key as bigint) as location_key,
    cast(payer_class as varchar) as payer_class,
    cast(patient_segment as varchar) as patient_segment,
    cast(encounter_id as varchar) as encounter_id,
    cast(survey_name as varchar) as survey_name,
    cast(composite as varchar) as composite,
    cast(question as varchar) as question,
    cast(score as integer) as score,
    cast(score_maximum as integer) as score_maximum,
    cast(answered_at as timestamptz) as answered_at,
    cast(answered_on as date) as answered_on
from {{ ref('int_engagement__survey_answers') }}
