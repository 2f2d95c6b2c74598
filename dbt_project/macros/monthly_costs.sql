{#-
    A query on costs that the practice enters by month, `entries` of a staging model with the key `id`: of a site or of the whole practice; of
    no provider, payer or patient. What is entered for a month to come has not been spent yet.
-#}
{% macro monthly_costs(entries, id) -%}
select
        {{ surrogate_key(['entries.source_system', 'entries.' ~ id]) }} as spend_key,
        entries.month_on,
        locations.location_key,
        cast(null as bigint) as provider_key,
        'unknown' as payer_class,
        'unknown' as patient_segment,
        entries.amount_usd
    from {{ ref(entries) }} as entries
    left join {{ ref('int_activity__named_locations') }} as locations
        on entries.location_id = locations.location_id
    where entries.month_on < {{ as_of_on() }}
{%- endmacro %}
