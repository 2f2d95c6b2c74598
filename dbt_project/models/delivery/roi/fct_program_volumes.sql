select
    {{ contract_columns() }}
from {{ source('ml', 'program_volumes') }}
