with

orders as (

    select * from {{ ref('stg_ehr__service_requests') }}
    where code in ('390906007', '185389009')  -- SNOMED CT: follow-up encounter, follow-up visit
        and intent = 'order'
        and status in ('active', 'completed', 'revoked')
        and not is_not_to_be_done

),

links as (

    select * from {{ ref('int_identity__patient_links') }}
    where source_record_type = 'ehr_patient'

)

select
    orders.source_system,
    orders.service_request_id,
    links.patient_key,
    orders.authored_on,
    {{ practice_midnight('orders.authored_on') }} as authored_at,
    orders.due_on,
    orders.status as order_status,
    -- Until then it counted as valid. The requested visit completes an order: using the completed status would reveal to an index
    -- which of its patients came back.
    case when orders.status = 'revoked' then coalesce(orders.recorded_at, {{ practice_midnight('orders.authored_on') }}) end as stands_until_at
from orders
inner join links
    on orders.source_system = links.source_system
    and orders.patient_id = links.source_id
where orders.authored_on is not null and orders.due_on is not null
