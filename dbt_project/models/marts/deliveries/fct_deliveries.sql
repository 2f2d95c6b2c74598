with

final as (

    select
        *,
        n_delivered = n_landed + n_quarantined + n_superseded + n_erased as is_reconciled
    from {{ ref('stg_landing__deliveries') }}

)

select
    {{ contract_columns() }}
from final
