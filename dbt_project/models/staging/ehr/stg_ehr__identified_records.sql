{{ config(materialized='table') }}
-- Nineteen views look records up here: as a view it was worked out for each reading of each, a third of a small build's SQL.
with identifiers as (
    {% for record_type, table in {
        'Patient': 'ehr_patient', 'Practitioner': 'ehr_practitioner', 'Location': 'ehr_location', 'Organization': 'ehr_organization',
    }.items() %}
    select
        source_system,
        '{{ record_type }}' as record_type,
        id as record_id,
        unnest(identifier) as identifier
    from {{ source('raw', table) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

named as (

    select
        source_system,
        record_type,
        record_id,
        {{ identifier('identifier.system', 'identifier.value') }} as identifier,
        {{ identifier("''", 'identifier.value') }} as number
    from identifiers
    where trim(identifier.value) <> ''

),

-- A reference may leave the system out.
forms as (

    select source_system, record_type, record_id, identifier from named
    union all
    select source_system, record_type, record_id, number as identifier from named

)

-- What two records have names neither: a family's member number.
select
    source_system,
    record_type,
    identifier,
    case when min(record_id) = max(record_id) then min(record_id) end as record_id,
    min(record_id) <> max(record_id) as is_ambiguous
from forms
group by source_system, record_type, identifier
