{#-
    What a row of a KPI says before its numerator and denominator: the day that puts it into its month, whom it is about, and the
    record that is counted. `key` is the key of that record (`claim_key`: a claim); where there is no record of its own, a
    `record_type` alone: the `patient` as such, or what is no patient's, with `patient='null'`. `of` names one of several joined tables.
-#}
{% macro kpi_row(day, key=none, record_type=none, of=none, patient='patient_key') -%}
    {%- set of = of ~ '.' if of else '' -%}
    {{ day }} as day_on,
    {{ of }}location_key,
    {{ of }}provider_key,
    {{ of }}payer_class,
    {{ of }}patient_segment,
    {{ 'cast(null as bigint)' if patient == 'null' else of ~ patient }} as patient_key,
    '{{ record_type or key.removesuffix("_key") }}' as record_type,
    {{ of ~ key if key else 'cast(null as bigint)' }} as record_key
{%- endmacro %}

{#- Key of one measure, group and patient at one month end: of a row of `fct_care_gap_months`. -#}
{% macro care_gap_month_key(month_end_on, of) -%}
    {{ surrogate_key([of ~ '.measure_code', of ~ '.group_id', of ~ '.patient_key', month_end_on]) }}
{%- endmacro %}

{#-
    Whether every one of these extracts is known for the `months` months that end with `month`. Before, a KPI that looks back would change with
    the history alone: on a simulated practice adherence fell from 94 % to 61 % in its first nine months, and portal adoption doubled.
-#}
{% macro is_known_for(months, required_extracts, month='month_on') -%}
    {{ month }} >= (
        select {{ add_months('max(history_starts_on)', months - 1) }}
        from {{ ref('int_kpis__extract_histories') }}
        where required_extract in ('{{ required_extracts | join("', '") }}')
    )
{%- endmacro %}

{#-
    Whether what is posted in the month of `day` can be for all the services that money still comes in for: 120 days of them, which the net
    collection rate waits for. Before, cash, receivables and write-offs would grow with the history alone.
-#}
{% macro services_are_known(day) -%}
    {{ is_known_for(5, ['billing:charges'], month=month_of(day)) }}
{%- endmacro %}

{#- Whether the claims first answered in the month of `day` can be the slow ones too: on a simulated practice 95 % are answered within 70 days. -#}
{% macro claims_are_known(day) -%}
    {{ is_known_for(3, ['billing:charges'], month=month_of(day)) }}
{%- endmacro %}
