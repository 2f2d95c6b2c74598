select
    {{ contract_columns() }}
from {{ ref('int_measures__gaps') }}
