select
    {{ contract_columns() }}
from {{ ref('int_money__charges') }}
