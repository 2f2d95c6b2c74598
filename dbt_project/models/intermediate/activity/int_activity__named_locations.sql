select
    location_id,
    min(location_key) as location_key
from {{ ref('int_reference__locations') }}
group by location_id
having count(*) = 1
