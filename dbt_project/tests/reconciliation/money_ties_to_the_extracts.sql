-- What was charged, claimed and moved, by source: the facts hold every cent of the extracts, orphans too.
with

delivered as (

    select source_system, 'charges' as amount_name, sum(charge_usd) as amount_usd, count(*) as n_rows
    from {{ ref('stg_billing__charges') }}
    group by all

    union all

    select source_system, 'claims', sum(billed_usd), count(*)
    from {{ ref('stg_billing__claims') }}
    group by all

    {% for movement_type in ['payment', 'contractual_adjustment', 'other_adjustment'] %}
    union all

    select
        source_system,
        '{{ "payer_payment" if movement_type == "payment" else movement_type }}',
        sum({{ movement_type }}_usd),
        count(*) filter (where {{ movement_type }}_usd <> 0)
    from {{ ref('stg_billing__remittances') }}
    group by all
    having count(*) filter (where {{ movement_type }}_usd <> 0) > 0
    {% endfor %}

    union all

    select source_system, 'patient_payment', sum(amount_usd), count(*)
    from {{ ref('stg_billing__patient_payments') }}
    group by all

    union all

    select source_system, 'write_off', sum(amount_usd), count(*)
    from {{ ref('stg_billing__write_offs') }}
    group by all

),

published as (

    select source_system, 'charges' as amount_name, sum(charge_usd) as amount_usd, count(*) as n_rows
    from {{ ref('fct_charges') }}
    group by all

    union all

    select source_system, 'claims', sum(billed_usd), count(*)
    from {{ ref('fct_claims') }}
    group by all

    union all

    select source_system, movement_type, sum(amount_usd), count(*)
    from {{ ref('fct_payments') }}
    group by all

)

(select * from delivered except select * from published)
union all
(select * from published except select * from delivered)
