select
    source_system,
    id as organization_id,
    trim(name) as organization_name,
    coalesce(
        list_contains(flatten(list_transform(type, lambda t: list_transform(t.coding, lambda c: c.code))), 'pay'), false
    ) as is_payer,
    coalesce(active, true) as is_active
from {{ source('raw', 'ehr_organization') }}
