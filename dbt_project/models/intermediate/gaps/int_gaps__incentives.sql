{#- Payment of each payer class for a closed gap: `[variables.gap_incentives_usd.<payer class>]` of practice.toml. -#}
{%- set incentives = [] -%}
{%- for payer_class, measures in (var('gap_incentives_usd') or {}).items() -%}
    {%- for measure_code, usd in measures.items() -%}
        {%- do incentives.append((payer_class, measure_code, usd)) -%}
    {%- endfor -%}
{%- endfor -%}
select
    cast(payer_class as varchar) as payer_class,
    cast(measure_code as varchar) as measure_code,
    cast(incentive_usd as decimal(14, 2)) as incentive_usd
from (
    values
        {%- for payer_class, measure_code, usd in incentives %}
        ('{{ payer_class }}', '{{ measure_code }}', {{ usd | float }}),
        {%- endfor %}
        (null, null, null)
) as incentives (payer_class, measure_code, incentive_usd)
where payer_class is not null
