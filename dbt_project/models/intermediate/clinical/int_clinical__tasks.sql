with

tasks as (

    select * from {{ ref('stg_ehr__tasks') }}

),

concepts as (

    select * from {{ ref('int_clinical__concepts') }}

)

select
    tasks.source_system,
    tasks.task_id,
    -- The requests that it fulfils or rejects. They identify the patient: a task need not name one
    list_distinct(list_append(coalesce(tasks.based_on_ids, []), tasks.focus_id)) as request_ids,
    tasks.focus_id,
    tasks.status,
    list_contains(code_concepts.value_sets, 'task_fulfill') as is_fulfilment,
    coalesce(reasons.value_sets, []) as reason_value_sets,
    tasks.reason_name,
    {{ interval_columns('tasks.execution_period.start', end_of('cast(null as varchar)', 'tasks.execution_period')) }}
from tasks
left join concepts as code_concepts
    on tasks.codes = code_concepts.codes
left join concepts as reasons
    on tasks.reason_codes = reasons.codes
