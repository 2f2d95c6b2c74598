select
    npi,
    min(provider_key) as provider_key
from {{ ref('int_reference__providers') }}
where npi is not null
group by npi
