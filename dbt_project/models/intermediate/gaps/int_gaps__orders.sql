-- Open orders. Orders lapse after a year
select
    orders.measure_code,
    requests.patient_key,
    max(requests.lo_on_latest) as ordered_on
from {{ ref('measure_orders') }} as orders
inner join {{ ref('int_clinical__service_requests') }} as requests
    on orders.value_set = requests.value_set
where
    requests.is_order
    and requests.status = 'active'
    and not requests.is_not_to_be_done
    and requests.lo_on_latest > {{ add_months(as_of_on(), -12) }}
group by orders.measure_code, requests.patient_key
