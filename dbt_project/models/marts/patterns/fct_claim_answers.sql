with

final as (

    select
        {{ month_of('first_answered_on') }} as month_on,
        location_key,
        payer_class,
        payer_name,
        case when is_initially_denied then coalesce(initial_denial_reason, 'other') else 'none' end as denial_reason,
        count(*) as n_claims,
        count(*) filter (where is_initially_denied and payer_paid_usd > 0) as n_recovered,
        sum(billed_usd) as billed_usd,
        sum(case when is_initially_denied then initially_denied_usd else 0 end) as denied_usd,
        sum(case when is_initially_denied then payer_paid_usd else 0 end) as recovered_usd,
        sum(denial_written_off_usd) as written_off_usd
    from {{ ref('int_money__claims') }}
    where claim_status <> 'void' and {{ claims_are_known('first_answered_on') }}
    group by all

)

select
    {{ contract_columns() }}
from final
