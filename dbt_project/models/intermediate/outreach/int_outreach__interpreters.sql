{#- Needed where nobody on the staff speaks the person's language, or where a member of the team has noted it. -#}
with

people as (

    select * from {{ ref('int_patients__demographics') }}

),

noted as (

    select distinct patient_key
    from {{ ref('int_engagement__outreach_outcomes') }}
    where note_code = 'needs_interpreter'

)

select
    people.patient_key,
    noted.patient_key is not null
    or coalesce(
        lower(split_part(people.language, '-', 1))
        not in ({% for language in var("staff_languages") %}'{{ language }}'{{ "," if not loop.last }}{% endfor %}),
        false
    ) as needs_interpreter
from people
left join noted
    on people.patient_key = noted.patient_key
