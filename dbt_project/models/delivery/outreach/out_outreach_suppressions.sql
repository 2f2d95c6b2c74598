with candidates as (

    select * from {{ ref('out_outreach_candidates') }}
    where suppress_reason is not null

),

final as (

    select
        *,
        home_location_key as location_key,
        {{ as_of_on() }} as listed_on,
        suppress_reason = 'held_out' as is_held_out
    from candidates

)

select
    {{ contract_columns() }}
from final
