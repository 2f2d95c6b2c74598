with

final as (

    select
        *,
        reason as write_off_reason,
        method as payment_method
    from {{ ref('int_money__movements') }}

)

select
    {{ contract_columns() }}
from final
