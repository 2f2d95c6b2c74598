select
    {{ contract_columns() }}
from {{ ref('int_activity__encounters') }}
