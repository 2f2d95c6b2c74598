{#-
    Medications at the visits of the measures of heart failure and coronary disease (CMS135, CMS144, CMS145). `visits`: a CTE with the
    `keys` of a result and the columns of `int_measures__cardiac_visits`; several rows per key are fine.
-#}

{#- The conditions of an order of one of these value sets, and its joins to the visits of its patient. -#}
{% macro _orders_at(visits, value_sets) -%}
from {{ visits }} as visits
    inner join {{ ref('int_clinical__medication_requests') }} as requests
        on visits.patient_key = requests.patient_key
        and requests.value_set in ('{{ value_sets | join("', '") }}')
{%- endmacro %}

{% macro _keys(keys) -%}
{%- for key in keys %}
        visits.{{ key }},
{%- endfor %}
{%- endmacro %}

{#- Orders that a pharmacy has rejected: `(source_system, id)`. -#}
{% macro rejected_orders() -%}
(
        select source_system, focus_id
        from {{ ref('int_clinical__tasks') }}
        where status = 'rejected' and is_fulfilment and focus_id is not null
    )
{%- endmacro %}

{#- The numerator: ordered on a day of a visit, or taken on its last day and beyond. -#}
{% macro ordered_or_taken(visits, value_sets, keys=['period_key', 'patient_key'], may_be_rejected=false, periods_only=false) -%}
select
        {{- _keys(keys) }}
        case
            when {{ during_days('requests', 'visits.started_on', 'visits.ended_on') }} then requests.lo_on_latest
            else bounds.lo_on_earliest
        end as evidence_on,
        requests.code_name as evidence_value
    {{ _orders_at(visits, value_sets) }}
    left join {{ ref('int_clinical__dosage_bounds') }} as bounds
        on requests.source_system = bounds.source_system
        and requests.medication_request_id = bounds.medication_request_id
        and {{ 'bounds.is_of_periods' if periods_only else 'not bounds.is_of_periods' }}
    where
        requests.is_active_or_completed
        and requests.is_order
        and not requests.is_not_to_be_given
        {%- if not may_be_rejected %}
        and (requests.source_system, requests.medication_request_id) not in {{ rejected_orders() }}
        {%- endif %}
        and (
            ({{ during_days('requests', 'visits.started_on', 'visits.ended_on') }})
            or ({{ overlaps_after_days('bounds', 'visits.ended_on') }})
        )
{%- endmacro %}

{#- An exception: on a day of a visit it was written down, with a reason of these value sets, that it is not to be given. -#}
{% macro not_to_be_given(visits, value_sets, reasons, rule, keys=['period_key', 'patient_key'], is_any_status=false, may_be_rejected=true) -%}
select
        {{- _keys(keys) }}
        {{ rule }} as rule,
        requests.lo_on_latest as evidence_on,
        'Not ordered: a reason of the patient''s, or a medical one' as reason
    {{ _orders_at(visits, value_sets) }}
    where
        requests.is_not_to_be_given
        and list_has_any(requests.reason_value_sets, ['{{ reasons | join("', '") }}'])
        and {{ during_days('requests', 'visits.started_on', 'visits.ended_on') }}
        {%- if not is_any_status %}
        and requests.is_active_or_completed
        and requests.is_order
        {%- endif %}
        {%- if not may_be_rejected %}
        and (requests.source_system, requests.medication_request_id) not in {{ rejected_orders() }}
        {%- endif %}
{%- endmacro %}

{#- An exception: an allergy on record that reaches beyond the last day of a visit. -#}
{% macro allergic_at(visits, value_sets, verifications, rule, keys=['period_key', 'patient_key'], statuses=none) -%}
select
        {{- _keys(keys) }}
        {{ rule }} as rule,
        case when allergies.lo_on_earliest > {{ unbounded_past() }} then allergies.lo_on_earliest end as evidence_on,
        'Allergy: ' || coalesce(allergies.code_name, 'on record') as reason
    from {{ visits }} as visits
    inner join {{ ref('int_clinical__allergies') }} as allergies
        on visits.patient_key = allergies.patient_key
        and allergies.value_set in ('{{ value_sets | join("', '") }}')
        and allergies.lo_on_latest <= visits.ended_on
        and allergies.lasts_to_on > visits.ended_on
    where
        coalesce(allergies.verification_status, 'confirmed') in ('{{ verifications | join("', '") }}')
        {%- if statuses %}
        and coalesce(allergies.clinical_status, '{{ statuses[0] }}') in ('{{ statuses | join("', '") }}')
        {%- endif %}
{%- endmacro %}

{#- An exception: a diagnosis that lasts at a visit (`is_beyond`: beyond its last day). `words` is SQL for the reason. -#}
{% macro diagnosed_at(visits, value_sets, words, rule, keys=['period_key', 'patient_key'], is_beyond=false, problems_only=false) -%}
select
        {{- _keys(keys) }}
        {{ rule }} as rule,
        {{ evidence_on('conditions') }} as evidence_on,
        {{ words }} as reason
    from {{ visits }} as visits
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on visits.patient_key = conditions.patient_key
        and conditions.value_set in ('{{ value_sets | join("', '") }}')
        {%- if is_beyond %}
        and {{ overlaps_after_days('conditions', 'visits.ended_on') }}
        {%- else %}
        and {{ overlaps_days('conditions', 'visits.started_on', 'visits.ended_on') }}
        {%- endif %}
    where conditions.is_verified
        {%- if problems_only %}
        and conditions.is_problem_or_health_concern
        {%- endif %}
{%- endmacro %}

{#-
    An exception: two heart rates below 50 /min in a visit, one after the other. The one before is the last that ended before the
    other began, whatever its value (`performed_only`: of those with a final status).
-#}
{% macro slow_pulses(visits, rule, keys=['period_key', 'patient_key'], performed_only=false) -%}
select
        {{- _keys(keys) }}
        {{ rule }} as rule,
        visits.evidence_on,
        'Two heart rates below 50 /min at the visit' as reason
    from (
        select
            {{- _keys(keys) }}
            visits.source_system,
            visits.encounter_id,
            rates.observation_id,
            rates.lo_on_latest as evidence_on,
            -- An unreadable one is not slow; arg_max would pass over it
            arg_max(
                coalesce(earlier.value_quantity < 50 and earlier.value_unit = '/min', false),
                (earlier.lo_at_latest, earlier.observation_id)
            ) as was_slow
        from {{ visits }} as visits
        inner join {{ ref('int_clinical__observations') }} as rates
            on visits.patient_key = rates.patient_key
            and rates.value_set = 'heart_rate'
            and rates.lo_at_earliest >= visits.started_at
            and rates.hi_at_latest <= visits.ended_at
        inner join {{ ref('int_clinical__observations') }} as earlier
            on visits.patient_key = earlier.patient_key
            and earlier.value_set = 'heart_rate'
            and earlier.lo_at_earliest >= visits.started_at
            and earlier.hi_at_latest <= visits.ended_at
            and earlier.hi_at_latest < rates.lo_at_earliest
        where
            rates.is_performed
            and rates.value_quantity < 50
            and rates.value_unit = '/min'
            {%- if performed_only %}
            and earlier.is_performed
            {%- endif %}
        group by all
    ) as visits
    where visits.was_slow
{%- endmacro %}

{#-
    An exception: an atrioventricular block that lasts at a visit, and no pacemaker known at any: neither in situ (`is_beyond`: beyond
    the last day of one) nor, by the SQL `placed`, put in before the end of one.
-#}
{% macro block_without_pacemaker(
    visits, rule, keys=['period_key', 'patient_key'], is_beyond=true, problems_only=false, placed='procedures.is_performed'
) -%}
select blocks.*
    from (
        {{ diagnosed_at(
            visits, ['atrioventricular_block'], "'Atrioventricular block without a pacemaker'", rule, keys, problems_only=problems_only
        ) | indent(4) }}
    ) as blocks
    left join (
        {{ diagnosed_at(
            visits, ['cardiac_pacer_in_situ'], 'null', rule, keys, is_beyond=is_beyond, problems_only=problems_only
        ) | indent(4) }}

        union all

        select
            {{- _keys(keys) }}
            {{ rule }} as rule,
            procedures.lo_on_latest as evidence_on,
            null as reason
        from {{ visits }} as visits
        inner join {{ ref('int_clinical__procedures') }} as procedures
            on visits.patient_key = procedures.patient_key
            and procedures.value_set = 'cardiac_pacer'
            and procedures.lo_at_latest < visits.ended_at
        where {{ placed }}
    ) as pacemakers using ({{ keys | join(', ') }})
    where pacemakers.rule is null
{%- endmacro %}

{#- What the record shows of a medication where the numerator is not met: the latest order of the period. `drug` completes "No … ordered". -#}
{% macro therapy_findings(visits, value_sets, drug, keys=['period_key', 'patient_key'], others=[]) -%}
select
        {{- _keys(keys) }}
        requests.lo_on_latest as evidence_on,
        requests.code_name as evidence_value,
        case
            when requests.medication_request_id is null then 'No {{ drug }} ordered or taken at a visit of the period'
            when requests.is_not_to_be_given
                then 'Decision of ' || requests.lo_on_latest || ' against {{ drug }}, without a reason that excepts or off the days of a visit'
            when not requests.is_active_or_completed
                then 'The order of {{ drug }} of ' || requests.lo_on_latest || ' no longer holds: ' || requests.status
            {%- if others %}
            when not requests.is_of_the_set then 'Another drug was ordered on ' || requests.lo_on_latest || ' than those that count'
            {%- endif %}
            else 'Order of {{ drug }} of ' || requests.lo_on_latest || ' off the days of a visit, and no dosage period outlasts one'
        end as reason,
        true as is_assessable
    from {{ visits }} as visits
    left join (
        select
            denominator.period_key,
            requests.patient_key,
            requests.medication_request_id,
            requests.is_not_to_be_given,
            requests.is_active_or_completed,
            requests.status,
            requests.code_name,
            requests.lo_on_latest,
            bool_or(requests.value_set in ('{{ value_sets | join("', '") }}')) over (
                partition by denominator.period_key, requests.source_system, requests.medication_request_id
            ) as is_of_the_set
        from (select distinct period_key, patient_key from {{ visits }}) as denominator
        inner join {{ ref('int_measures__periods') }} as periods
            on denominator.period_key = periods.period_key
        inner join {{ ref('int_clinical__medication_requests') }} as requests
            on denominator.patient_key = requests.patient_key
            and {{ during_days('requests', 'periods.period_start_on', 'periods.period_end_on') }}
        where requests.value_set in ('{{ (value_sets + others) | join("', '") }}')
        qualify row_number() over (
            partition by denominator.period_key, requests.patient_key
            order by requests.lo_on_latest desc, requests.medication_request_id desc, requests.value_set
        ) = 1
    ) as requests
        on visits.period_key = requests.period_key
        and visits.patient_key = requests.patient_key
{%- endmacro %}
