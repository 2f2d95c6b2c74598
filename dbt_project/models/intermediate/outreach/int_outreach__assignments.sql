{#-
    Assigns patients to team members: the home site's member who had the patient's last task, so that the patient hears a familiar voice,
    otherwise the team in turns. A member who now works at another site does not see the patient.
-#}
with

patients as (

    select * from {{ ref('int_patients__profile') }}

),

tasks as (

    select * from {{ ref('int_engagement__outreach_tasks') }}
    where assigned_to is not null and created_on >= {{ as_of_on() }} - 365

),

teams as (

    select
        location_key,
        list_sort(list(distinct assigned_to)) as members
    from tasks
    where location_key is not null
    group by location_key

),

last_tasks as (

    select
        tasks.patient_key,
        max_by(tasks.assigned_to, (tasks.created_at, tasks.task_id)) as assigned_to
    from tasks
    inner join patients
        on tasks.patient_key = patients.patient_key
    inner join teams
        on patients.home_location_key = teams.location_key
    where list_contains(teams.members, tasks.assigned_to)
    group by tasks.patient_key

)

select
    patients.patient_key,
    coalesce(
        last_tasks.assigned_to,
        list_extract(teams.members, cast(patients.patient_key % array_length(teams.members) as integer) + 1)
    ) as assigned_to
from patients
left join last_tasks
    on patients.patient_key = last_tasks.patient_key
left join teams
    on patients.home_location_key = teams.location_key
