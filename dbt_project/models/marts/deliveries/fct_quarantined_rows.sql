select
    {{ contract_columns() }}
from {{ ref('stg_landing__quarantined_rows') }}
