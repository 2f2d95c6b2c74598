with

final as (

    select
        *,
        {{ as_of_on() }} as data_cut_on
    from {{ source('ml', 'program_returns') }}

)

select
    {{ contract_columns() }}
from final
