{#- Whether the codes of resources are any that measures know; by distinct concept, of which a practice has a few thousand. -#}
{%- set coded = {
    'Condition': ('ehr_condition', 'code'),
    'Observation': ('ehr_observation', 'code'),
    'Procedure': ('ehr_procedure', 'code'),
    'Immunization': ('ehr_immunization', 'vaccineCode'),
    'MedicationRequest': ('ehr_medication_request', 'medicationCodeableConcept'),
    'ServiceRequest': ('ehr_service_request', 'code'),
} %}
with

concepts as (

    {%- for extract, (table, field) in coded.items() %}
    select
        source_system,
        '{{ extract }}' as extract,
        '{{ field }}' as field,
        {{ codes_of(field) }} as codes,
        min(struct_pack(file_key := _file_key, row_number := _row_number)) as example,
        count(*) as n_rows
    from {{ source('raw', table) }}
    {%- if extract == 'MedicationRequest' %}
    where medicationReference is null
    {%- endif %}
    group by all
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

codings as (

    select
        codes,
        coding,
        {{ canonical_coding('coding') }} as canonical
    from (select codes, unnest(string_split(codes, '; ')) as coding from (select distinct codes from concepts))

),

value_set_codes as (

    select distinct
        system,
        system || '|' || code as coding
    from {{ ref('stg_value_sets__codes') }}

),

systems as (

    select distinct system from value_set_codes

),

verdicts as (

    select
        codings.codes,
        bool_or(value_set_codes.coding is not null) as is_known,
        bool_or(value_set_codes.coding = codings.coding) as is_known_as_written,
        bool_or(systems.system is not null) as is_of_known_system
    from codings
    left join value_set_codes on codings.canonical = value_set_codes.coding
    left join systems on split_part(codings.canonical, '|', 1) = systems.system
    group by codings.codes

),

judged as (

    select
        concepts.*,
        case
            when concepts.codes is null then 'unmatched'
            when verdicts.is_known and not coalesce(verdicts.is_known_as_written, false) then 'mapped'
            when not verdicts.is_of_known_system then 'unmatched'
            when not verdicts.is_known then 'unused'
        end as kind
    from concepts
    left join verdicts on concepts.codes = verdicts.codes
    where exists (select 1 from systems)

)

select
    source_system,
    example.file_key as file_key,
    example.row_number as row_number,
    extract,
    field,
    kind,
    case
        when codes is null then 'has no code, only words or nothing, and counts for no measure'
        when kind = 'mapped' then 'is written otherwise than value sets write it, and is read as the code that it means'
        when kind = 'unmatched' then 'is of a code system that no value set has, and counts for no measure'
        else 'is in no value set of a measure'
    end as finding,
    n_rows
from judged
where kind is not null
