select
    cast({{ month_of('first_answered_on') }} as date) as month_on,
    cast(location_key as bigint) as location_key,
    cast(payer_class as varchar) as payer_class,
    cast(payer_name as varchar) as payer_name,
    cast(case when is_initially_denied then coalesce(initial_denial_reason, 'other') else 'none' end as varchar) as denial_reason,
    cast(count(*) as bigint) as n_claims,
    cast(count(*) filter (where is_initially_denied and payer_paid_usd > 0) as bigint) as n_recovered,
    cast(sum(billed_usd) as decimal(14, 2)) as billed_usd,
    cast(sum(case when is_initially_denied then initially_denied_usd else 0 end) as decimal(14, 2)) as denied_usd,
    cast(sum(case when is_initially_denied then payer_paid_usd else 0 end) as decimal(14, 2)) as recovered_usd,
    cast(sum(denial_written_off_usd) as decimal(14, 2)) as written_off_usd
from {{ ref('int_money__claims') }}
where claim_status <> 'void' and first_answered_on is not null
group by all
