-- Nothing vanishes: every row of a landed file is in raw, in quarantine, or an older version of one that is.
select *
from {{ ref('fct_deliveries') }}
where status = 'landed' and not is_reconciled
