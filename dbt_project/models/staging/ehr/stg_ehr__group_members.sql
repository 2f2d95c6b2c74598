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
    {{ patient_of('members.member.entity.reference') }} as patient_id
from members
{{ with_named('Patient', 'members.member.entity') }}
where coalesce(patient_named.named_id, members.member.entity.reference) is not null and not coalesce(members.member.inactive, false)
