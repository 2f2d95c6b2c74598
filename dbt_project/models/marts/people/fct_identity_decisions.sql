select
    {{ contract_columns() }}
from {{ ref('int_identity__decided_pairs') }}
