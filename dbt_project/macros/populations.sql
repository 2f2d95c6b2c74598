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
    `windows` names a CTE of the measure whose rows are patients' own periods (`period_key, patient_key, period_start_on, period_end_on`).
-#}
{% macro events_in_periods(events, reason, is_in, windows=none) -%}
select
        periods.period_key,
        {{ events }}.patient_key,
        '{{ reason }}' as reason,
        {{ evidence_on(events) }} as evidence_on
    from {{ ref('int_clinical__' ~ events) }} as {{ events }}
    inner join {{ windows or ref('int_measures__periods') }} as periods
        on {{ is_in(events, 'periods.period_start_on', 'periods.period_end_on') }}
        {%- if windows %}
        and {{ events }}.patient_key = periods.patient_key
        {%- endif %}
{%- endmacro %}

{#-
    The rows of hospice services (SHARED logic of the eCQMs, "Hospice.Has Hospice Services"). In patients' own `windows` (CMS159) a hospice
    visit need not be finished and a procedure need not be completed: it must not be known to be void.
-#}
{% macro hospice_services(windows=none) -%}
{{ events_in_periods('encounters', 'Discharged to hospice', ends_during_days, windows) }}
    where encounters.value_set = 'encounter_inpatient' and encounters.is_performed and encounters.is_discharged_to_hospice

    union all

    {{ events_in_periods('encounters', 'Hospice visit', overlaps_days, windows) }}
    where
        encounters.value_set = 'hospice_encounter'
        and {{ "encounters.status not in ('cancelled', 'entered-in-error', 'unknown')" if windows else 'encounters.is_performed' }}

    union all

    {{ events_in_periods('observations', 'Assessed as being in hospice care', overlaps_days, windows) }}
    where
        observations.value_set = 'hospice_care_answer'
        and observations.is_performed
        and list_contains(observations.value_value_sets, 'answer_yes')

    union all

    {{ events_in_periods('service_requests', 'Hospice care ordered', during_days, windows) }}
    where
        service_requests.value_set = 'hospice_care_ambulatory'
        and service_requests.is_active_or_completed
        and service_requests.is_order
        and not service_requests.is_not_to_be_done

    union all

    {{ events_in_periods('procedures', 'Hospice care given', overlaps_days, windows) }}
    where procedures.value_set = 'hospice_care_ambulatory' and {{ _is_given(windows) }}

    union all

    {{ events_in_periods('conditions', 'Hospice care diagnosis', overlaps_days, windows) }}
    where conditions.value_set = 'hospice_diagnosis' and conditions.is_verified
{%- endmacro %}

{#- The rows of palliative care, in the same two forms; a visit must be finished in both. -#}
{% macro palliative_care(windows=none) -%}
{{ events_in_periods('observations', 'Assessed in palliative care', overlaps_days, windows) }}
    where observations.value_set = 'palliative_assessment' and observations.is_performed

    union all

    {{ events_in_periods('conditions', 'Palliative care diagnosis', overlaps_days, windows) }}
    where conditions.value_set = 'palliative_care_diagnosis' and conditions.is_verified

    union all

    {{ events_in_periods('encounters', 'Palliative care visit', overlaps_days, windows) }}
    where encounters.value_set = 'palliative_care_encounter' and encounters.is_performed

    union all

    {{ events_in_periods('procedures', 'Palliative care given', overlaps_days, windows) }}
    where procedures.value_set = 'palliative_care_intervention' and {{ _is_given(windows) }}
{%- endmacro %}

{% macro _is_given(windows) -%}
    {{ "procedures.status not in ('not-done', 'entered-in-error', 'unknown')" if windows else 'procedures.is_performed' }}
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
