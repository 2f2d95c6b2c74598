with coverages as (

    select * from {{ ref('stg_ehr__coverages') }}

),

links as (

    select * from {{ ref('int_identity__patient_links') }}
    where source_record_type = 'ehr_patient'

),

organizations as (

    select * from {{ ref('stg_ehr__organizations') }}

),

kinds as (

    select distinct
        type_system,
        type_code,
        type_text,
        payer_name
    from coverages

),

-- The longest prefix of the coverage's code; without one, its words
classes as (

    select
        kinds.*,
        classes.payer_class
    from kinds
    inner join {{ ref('coverage_payer_classes') }} as classes
        on
            (kinds.type_system = classes.code_system and starts_with(kinds.type_code, classes.code))
            or (classes.code_system = 'text' and classes.code in (lower(kinds.type_text), lower(kinds.payer_name)))
    qualify row_number() over (
        partition by kinds.type_system, kinds.type_code, kinds.type_text, kinds.payer_name
        order by classes.code_system = 'text', length(classes.code) desc, classes.code
    ) = 1

)

select
    links.patient_key,
    coverages.source_system,
    coverages.coverage_id,
    coalesce(coverages.payer_organization_id, lower(coverages.payer_name)) as payer_id,
    coalesce(organizations.organization_name, coverages.payer_name) as payer_name,
    coalesce(classes.payer_class, 'unknown') as payer_class,
    coverages.coverage_status,
    coverages.coverage_order,
    coverages.started_on,
    coverages.ended_on,
    coalesce(coverages.coverage_status, 'active') = 'active'
    and coalesce(coverages.started_on <= {{ as_of_on() }}, true)
    and coalesce(coverages.ended_on >= {{ as_of_on() }}, true) as is_in_force
from coverages
inner join links
    on coverages.source_system = links.source_system and coverages.patient_id = links.source_id
left join organizations
    on coverages.source_system = organizations.source_system and coverages.payer_organization_id = organizations.organization_id
left join classes
    on
        coverages.type_system is not distinct from classes.type_system
        and coverages.type_code is not distinct from classes.type_code
        and coverages.type_text is not distinct from classes.type_text
        and coverages.payer_name is not distinct from classes.payer_name
