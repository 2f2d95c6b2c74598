with billed as (

    select
        source_system,
        payer_id,
        arg_max(payer_name, (service_on, claim_id)) as payer_name,
        arg_max(payer_class, (service_on, claim_id)) as payer_class
    from {{ ref('stg_billing__claims') }}
    group by source_system, payer_id

),

covering as (

    select
        source_system,
        payer_id,
        max(payer_name) as payer_name,
        mode(payer_class order by payer_class) as payer_class
    from {{ ref('int_patients__coverages') }}
    where payer_id is not null
    group by source_system, payer_id

),

payers as (

    select * from billed
    union all
    select * from covering

)

select
    {{ surrogate_key(['source_system', 'payer_id']) }} as payer_key,
    *
from payers
