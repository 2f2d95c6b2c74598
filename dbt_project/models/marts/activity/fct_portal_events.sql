select
    {{ contract_columns() }}
from {{ ref('int_engagement__portal_events') }}
