select
    {{ contract_columns() }}
from {{ ref('int_reference__payers') }}
