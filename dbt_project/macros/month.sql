{#- First day of a day's month. -#}
{% macro month_of(day) -%}
    cast(date_trunc('month', {{ day }}) as date)
{%- endmacro %}

{#- Last day of a day's month. -#}
{% macro month_end(day) -%}
    cast({{ dbt.last_day(day, 'month') }} as date)
{%- endmacro %}

{#- The same day `n` months later; the 31st becomes the month's last day. -#}
{% macro add_months(day, n) -%}
    cast({{ dbt.dateadd('month', n, day) }} as date)
{%- endmacro %}

{#- One row per reported month, including the current one: `month_on`. -#}
{% macro month_spine() -%}
    select cast(unnest(generate_series(
        {{ month_of(add_months(as_of_on(), -var('history_months'))) }},
        {{ month_of(as_of_on() ~ ' - 1') }},
        interval 1 month
    )) as date) as month_on
{%- endmacro %}

{#- First day of a day's quarter. -#}
{% macro quarter_of(day) -%}
    cast(date_trunc('quarter', {{ day }}) as date)
{%- endmacro %}

{#- Weekday of a day: Monday 1 to Sunday 7. -#}
{% macro weekday_of(day) -%}
    cast(extract(isodow from {{ day }}) as integer)
{%- endmacro %}
