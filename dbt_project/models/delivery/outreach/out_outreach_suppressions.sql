with candidates as (

    select * from {{ ref('out_outreach_candidates') }}
    where suppress_reason is not null

)

select
    cast(patient_key as bigint) as patient_key,
    cast(home_location_key as bigint) as location_key,
    cast({{ as_of_on() }} as date) as listed_on,
    cast(list_reason as varchar) as list_reason,
    cast(tier as varchar) as tier,
    cast(suppress_reason as varchar) as suppress_reason,
    cast(suppress_reason = 'held_out' as boolean) as is_held_out,
    cast(is_clinically_urgent as boolean) as is_clinically_urgent,
    cast(score as double) as score,
    cast(next_eligible_on as date) as next_eligible_on,
    cast(last_contacted_on as date) as last_contacted_on,
    cast(n_attempts_30_days as bigint) as n_attempts_30_days
from candidates
