select
    source_system,
    answer_id,
    contact_id,
    encounter_id,
    survey_name,
    composite,
    question,
    score,
    score_maximum,
    answered_at,
    {{ practice_date('answered_at') }} as answered_on,
    updated_at as recorded_at
from {{ source('raw', 'crm_survey_answers') }}
