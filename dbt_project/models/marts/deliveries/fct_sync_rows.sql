select
    {{ contract_columns() }}
from {{ ref('stg_caregap__sync_rows') }}
