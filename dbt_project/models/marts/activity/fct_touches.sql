select
    {{ contract_columns() }}
from {{ ref('int_engagement__touches') }}
