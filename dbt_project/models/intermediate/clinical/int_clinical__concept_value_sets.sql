{%- set coded = [
    ('encounters', ['type_codes', 'discharge_codes', 'reason_codes']),
    ('locations', ['type_codes']),
    ('patients', ['race_codes']),
    ('conditions', ['codes', 'body_site_codes', 'severity_codes']),
    ('observations', ['codes', 'value_codes', 'not_done_reason_codes']),
    ('observation_components', ['codes']),
    ('procedures', ['codes', 'reason_codes']),
    ('immunizations', ['codes']),
    ('medication_requests', ['codes', 'reason_codes']),
    ('medication_dispenses', ['codes']),
    ('service_requests', ['codes', 'reason_codes', 'not_done_reason_codes']),
    ('device_requests', ['codes']),
    ('tasks', ['codes', 'reason_codes']),
    ('communications', ['category_codes', 'not_done_reason_codes']),
    ('claim_diagnoses', ['codes']),
    ('allergies', ['codes']),
    ('adverse_events', ['codes']),
] -%}
-- Membership is resolved once for each distinct concept: a practice with 20 million events has a few thousand of them.
with concepts as (

    {%- for entity, columns in coded %}
    {{ 'union ' if not loop.first -}}
    select distinct unnest([{{ columns | join(', ') }}]) as codes from {{ ref('stg_ehr__' ~ entity) }}
    {%- endfor %}

),

codings as (

    select codes, {{ canonical_coding('coding') }} as coding
    from (select codes, unnest(string_split(codes, '; ')) as coding from concepts)

),

value_set_codes as (

    select * from {{ ref('stg_value_sets__codes') }}

)

select distinct
    codings.codes,
    value_set_codes.value_set
from codings
inner join value_set_codes
    on codings.coding = value_set_codes.system || '|' || value_set_codes.code
