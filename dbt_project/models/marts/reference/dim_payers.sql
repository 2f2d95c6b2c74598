select
    payer_key,
    source_system,
    payer_id,
    payer_name,
    payer_class
from {{ ref('int_reference__payers') }}
