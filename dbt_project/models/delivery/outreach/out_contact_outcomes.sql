with

trials as (

    select * from {{ ref('fct_outreach_trials') }}

),

final as (

    select
        *,
        added_on as picked_on,
        -- Known when 90 days are over, and what happened in them is on record.
        case when is_mature then has_visit_90_days end as has_visited_90_days
    from trials

)

select
    {{ contract_columns() }}
from final
