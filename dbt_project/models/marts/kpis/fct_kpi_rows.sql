{#- Months of each KPI, its last mature ones: the longest period that a page asks for. -#}
{%- set n_months = 24 -%}

with

counted as (

    select * from {{ ref('int_kpis__counted') }}

),

mature_months as (

    select distinct
        kpi_code,
        month_on
    from {{ ref('fct_kpis') }}
    where is_mature

),

shown_months as (

    select *
    from mature_months
    qualify row_number() over (partition by kpi_code order by month_on desc) <= {{ n_months }}

),

final as (

    select counted.*
    from counted
    inner join shown_months
        on counted.kpi_code = shown_months.kpi_code
        and {{ month_of('counted.day_on') }} = shown_months.month_on
    where counted.numerator <> 0 or counted.denominator <> 0

)

select
    {{ contract_columns() }}
from final
-- A patient's rows of a KPI side by side: keys and slices repeat, and take next to no room.
order by kpi_code, patient_key, day_on, record_type, record_key
