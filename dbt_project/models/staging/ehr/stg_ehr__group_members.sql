with members as (

    select
        source_system,
        id as group_id,
        unnest(member) as member
    from {{ source('raw', 'ehr_group') }}

)

select distinct
    source_system,
    group_id,
    {{ id_of('member.entity.reference') }} as patient_id
from members
where member.entity.reference is not null and not coalesce(member.inactive, false)
