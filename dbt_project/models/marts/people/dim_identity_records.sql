select
    {{ contract_columns() }}
from {{ ref('int_identity__shown_records') }}
