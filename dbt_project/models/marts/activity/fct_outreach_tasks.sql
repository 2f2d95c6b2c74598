with

final as (

    select
        *,
        reason as task_reason
    from {{ ref('int_engagement__outreach_tasks') }}

)

select
    {{ contract_columns() }}
from final
