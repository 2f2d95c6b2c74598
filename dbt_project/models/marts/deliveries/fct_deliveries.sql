with

final as (

    select
        *,
        n_delivered = n_landed + n_quarantined + n_superseded as is_reconciled
    from {{ ref('stg_landing__deliveries') }}

)

select
    {{ contract_columns() }}
from final
