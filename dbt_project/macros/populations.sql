{#- Whether the patient of `patient_periods` had a visit of these value sets, performed and wholly within the period ("during day of"). -#}
{% macro has_visit(value_sets) -%}
exists (
    select 1
    from {{ ref('int_clinical__encounters') }} as encounters
    where
        encounters.patient_key = patient_periods.patient_key
        and encounters.is_performed
        and encounters.value_set in ('{{ value_sets | join("', '") }}')
        and {{ during_days('encounters', 'patient_periods.period_start_on', 'patient_periods.period_end_on') }}
)
{%- endmacro %}

{#-
    The CTEs `patient_periods` and `initial_population` of the measures of diabetes care (CMS122, CMS131): 18 to 75 years old at the end
    of the period, with a visit of these value sets in it and diabetes as an encounter diagnosis at some time of it.
-#}
{% macro diabetes_population(value_sets) -%}
patient_periods as (

    select * from {{ ref('int_measures__patient_periods') }}
    where age_at_end between 18 and 75

),

initial_population as (

    select *
    from patient_periods
    where
        {{ has_visit(value_sets) }}
        and exists (
            select 1
            from {{ ref('int_clinical__conditions') }} as conditions
            where
                conditions.patient_key = patient_periods.patient_key
                and conditions.value_set = 'diabetes'
                and conditions.is_verified
                and conditions.is_encounter_diagnosis
                and {{ overlaps_days('conditions', 'patient_periods.period_start_on', 'patient_periods.period_end_on') }}
        )

)
{%- endmacro %}

{#-
    One row per clinical event and measurement period in which it counts: the start of a query on `int_clinical__<events>`, that goes on
    with `where`. `events` is its alias, `is_in` the macro of `clinical_interval.sql` that says how the event lies to the period.
-#}
{% macro events_in_periods(events, reason, is_in) -%}
select
        periods.period_key,
        {{ events }}.patient_key,
        '{{ reason }}' as reason,
        {{ evidence_on(events) }} as evidence_on
    from {{ ref('int_clinical__' ~ events) }} as {{ events }}
    inner join {{ ref('int_measures__periods') }} as periods
        on {{ is_in(events, 'periods.period_start_on', 'periods.period_end_on') }}
{%- endmacro %}

{#- One row per period and patient of such events: the last day of evidence, and the first reason by the alphabet. -#}
{% macro latest_evidence(events) -%}
select
    period_key,
    patient_key,
    max(evidence_on) as evidence_on,
    min(reason) as reason
from {{ events }}
group by period_key, patient_key
{%- endmacro %}

{#-
    A query on what several measures exclude for (`int_measures__exclusions`): rows of `denominator_exclusions`, in which `rule` is their
    place. With `grouped` a row for each group in whose denominator the patient is.
-#}
{% macro shared_exclusions(rule, exclusions, grouped=false) -%}
select
        {% if grouped %}denominator.group_id,
        {% endif %}exclusions.period_key,
        exclusions.patient_key,
        {{ rule }} as rule,
        exclusions.evidence_on,
        exclusions.reason
    from {{ ref('int_measures__exclusions') }} as exclusions
    {%- if grouped %}
    inner join denominator
        on exclusions.period_key = denominator.period_key
        and exclusions.patient_key = denominator.patient_key
    {%- endif %}
    where exclusions.exclusion in ('{{ exclusions | join("', '") }}')
{%- endmacro %}
