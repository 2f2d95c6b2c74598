with

trials as (

    select * from {{ ref('fct_outreach_trials') }}

),

final as (

    select
        *,
        added_on as picked_on,
        -- Known once the 90 days are over and their events are on record.
        case when is_mature then has_visit_90_days end as has_visited_90_days
    from trials

)

select
    {{ contract_columns() }}
from final
