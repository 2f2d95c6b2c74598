with candidates as (

    select * from {{ ref('out_outreach_candidates') }}
    where suppress_reason is not null

),

final as (

    select
        * exclude (next_eligible_on),
        home_location_key as location_key,
        {{ as_of_on() }} as listed_on,
        suppress_reason = 'held_out' as is_held_out,
        -- Who has died needs no clinician, and a restriction keeps the record from use by anybody.
        is_clinically_urgent and suppress_reason not in ('deceased', 'restricted') as is_for_clinician,
        case
            when is_clinically_urgent and suppress_reason not in ('deceased', 'restricted', 'no_valid_contact_point') then phone
        end as care_phone,
        case suppress_reason
            when 'minor' then {{ add_months('birth_date', 216) }}
            when 'held_out' then greatest({{ next_half_year_on() }}, next_eligible_on)
            when 'attempt_cap' then next_eligible_on
            when 'recently_contacted' then next_eligible_on
        end as next_eligible_on
    from candidates

)

select
    {{ contract_columns() }}
from final
