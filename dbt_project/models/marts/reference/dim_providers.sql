with

final as (

    select
        *,
        concat_ws(', ', last_name, first_name) as provider_name
    from {{ ref('int_reference__providers') }}

)

select
    {{ contract_columns() }}
from final
