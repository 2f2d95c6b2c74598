{#- The parts of an outcome's unit value, measured over the newest twelve mature months of the whole practice. -#}
{%- set measured_months = 12 -%}
{#- An appointment's outcome is recorded within a week (as in `no_show_rate`); patients who rebook after a miss do so within
three months. -#}
{%- set recorded_after_days = 7 -%}
{%- set rebooked_after_days = 90 -%}
{%- set kpi_values = {
    'revenue_per_visit': ('usd per visit', 'Payments for services of a month, by completed visits'),
    'revenue_per_patient': ('usd per patient and year', 'Payments by patients seen in twelve months'),
    'patient_attrition_rate': ('share per month', 'Active patients who lapse in a month'),
    'slot_refill_rate': ('share', 'Slots given up by a patient that another patient took'),
    'care_gap_closure_rate': ('share', 'Care gaps closed, over twelve months'),
    'no_show_rate': ('share', 'No-shows of appointments due'),
} -%}

with

kpi_months as (

    select
        kpi_code as value_code,
        month_on,
        {{ exact_sum('numerator') }} as numerator,
        {{ exact_sum('denominator') }} as denominator
    from {{ ref('fct_kpis') }}
    where is_mature and kpi_code in ('{{ kpi_values | join("', '") }}')
    group by kpi_code, month_on

),

-- Appointments that were not missed: kept, or cancelled in time.
kept_months as (

    select
        'kept_share' as value_code,
        {{ month_of('starts_on') }} as month_on,
        cast(count(*) filter (where final_status = 'completed') as double) as numerator,
        cast(count(*) as double) as denominator
    from {{ ref('fct_appointments') }}
    where final_status = 'completed' or (final_status = 'cancelled' and cancelled_by = 'patient')
    group by all

),

rebooked_months as (

    select
        'rebooked_share' as value_code,
        {{ month_of('starts_on') }} as month_on,
        cast(count(*) filter (where is_rescheduled) as double) as numerator,
        cast(count(*) as double) as denominator
    from {{ ref('fct_appointments') }}
    where final_status = 'no_show'
    group by all

),

payment_months as (

    select
        'collections_per_day' as value_code,
        month_on,
        {{ exact_sum('numerator') }} as numerator,
        cast({{ dbt.datediff('month_on', add_months('month_on', 1), 'day') }} as double) as denominator
    from {{ ref('fct_kpis') }}
    where kpi_code = 'revenue_per_patient' and is_mature
    group by month_on

),

months as (

    select * from kpi_months
    union all
    select * from kept_months
    where {{ add_months('month_on', 1) }} <= {{ as_of_on() }} - {{ recorded_after_days }}
    union all
    select * from rebooked_months
    where {{ add_months('month_on', 1) }} <= {{ as_of_on() }} - {{ rebooked_after_days }}
    union all
    select * from payment_months

),

newest as (

    select *
    from months
    where denominator <> 0
    qualify row_number() over (partition by value_code order by month_on desc) <= {{ measured_months }}

),

measured as (

    select
        value_code,
        {{ exact_sum('numerator') }} / {{ exact_sum('denominator') }} as unit_value,
        {{ exact_sum('denominator') }} as n,
        count(*) as n_months,
        min(month_on) as first_month_on,
        max(month_on) as last_month_on
    from newest
    group by value_code

),

-- Cochran 1977, equation 6.13: the ratio estimator's variance, months being the sample.
spread as (

    select
        newest.value_code,
        sqrt(
            list_sum(list(power(newest.numerator - measured.unit_value * newest.denominator, 2) order by newest.month_on))
            * count(*) / nullif(count(*) - 1, 0)
        ) / abs({{ exact_sum('newest.denominator') }}) as standard_error
    from newest
    inner join measured
        on newest.value_code = measured.value_code
    group by newest.value_code

),

final as (

    select
        measured.value_code,
        measured.unit_value,
        spread.standard_error,
        measured.n_months,
        measured.first_month_on,
        measured.last_month_on,
        case measured.value_code
            {%- for code, words in kpi_values.items() %}
            when '{{ code }}' then '{{ words[0] }}'
            {%- endfor %}
            when 'collections_per_day' then 'usd per day'
            else 'share'
        end as unit,
        case measured.value_code
            {%- for code, words in kpi_values.items() %}
            when '{{ code }}' then '{{ words[1] }}'
            {%- endfor %}
            when 'kept_share' then 'Appointments kept, of those kept or given up by the patient'
            when 'rebooked_share' then 'No-shows whose patient booked again'
            when 'collections_per_day' then 'Payments posted, by days'
        end
        || ', ' || left(cast(measured.first_month_on as varchar), 7)
        || ' to ' || left(cast(measured.last_month_on as varchar), 7) as basis,
        case measured.value_code
            when 'kept_share'
                then 'select avg(cast(final_status = ''completed'' as integer)) from marts.fct_appointments where '
                || '(final_status = ''completed'' or (final_status = ''cancelled'' and cancelled_by = ''patient'')) and '
            when 'rebooked_share'
                then 'select avg(cast(is_rescheduled as integer)) from marts.fct_appointments where final_status = ''no_show'' and '
            when 'collections_per_day'
                then 'select sum(numerator) / (date ''' || {{ add_months('measured.last_month_on', 1) }} || ''' - date '''
                || measured.first_month_on || ''') from marts.fct_kpis where kpi_code = ''revenue_per_patient'' and '
            else 'select sum(numerator) / sum(denominator) from marts.fct_kpis where kpi_code = ''' || measured.value_code || ''' and '
        end
        || case when measured.value_code in ('kept_share', 'rebooked_share') then 'starts_on' else 'month_on' end
        || ' >= ''' || measured.first_month_on || ''' and '
        || case when measured.value_code in ('kept_share', 'rebooked_share') then 'starts_on' else 'month_on' end
        || ' < ''' || {{ add_months('measured.last_month_on', 1) }} || '''' as traced_by
    from measured
    inner join spread
        on measured.value_code = spread.value_code

)

select
    {{ contract_columns() }}
from final
