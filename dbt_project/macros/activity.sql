{#-
    Whether a row of `encounters` is a finished visit to the practice. HL7 v3 ActCode: ambulatory, virtual, at home, in the field. Emergency
    and inpatient stays are none. A class that nobody knows is taken for a visit and named among the checks: one vendor's servers
    send local classes alone, and a practice on them had no visits and no active patients.
-#}
{% macro is_completed_visit(encounters) -%}
    coalesce(
        {{ encounters }}.status = 'finished'
        and (
            {{ encounters }}.class_code in ('AMB', 'VR', 'HH', 'FLD')
            or coalesce({{ encounters }}.class_code, '') not in {{ act_encounter_codes() }}
        )
        and {{ encounters }}.started_on < {{ as_of_on() }},
        false
    )
{%- endmacro %}

{#- HL7 discharge-disposition `exp`; SNOMED CT: deceased during stay, dead. -#}
{% macro is_deceased_at_discharge(discharge_codes) -%}
    coalesce(regexp_matches({{ discharge_codes }}, '\|(exp|371828006|419099009)(;|$)'), false)
{%- endmacro %}

{#- Whether a person is a living patient at the start of `day`: not deceased before it. Without a date of death, a deceased person counts until the last visit. -#}
{% macro is_alive_before(day, is_deceased, deceased_on, last_visit_on) -%}
    coalesce({{ deceased_on }}, case when {{ is_deceased }} then {{ last_visit_on }} end, date '9999-12-31') >= {{ day }}
{%- endmacro %}

{#- Whether a patient is active at the start of `day`: alive, and a completed visit in the `active_months` months before it. -#}
{% macro is_active_before(day, is_deceased, deceased_on, last_visit_on) -%}
    coalesce(
        {{ last_visit_on }} >= {{ add_months(day, -var('active_months')) }}
        and {{ is_alive_before(day, is_deceased, deceased_on, last_visit_on) }},
        false
    )
{%- endmacro %}

{#- Whether the patient responded to a message or call: a reply, a confirmation or a booking. An opt-out is none, and has a rate of its own. -#}
{% macro is_response(outcome) -%}
    {{ outcome }} in ('replied', 'confirmed', 'booked')
{%- endmacro %}

{#- Whether a message or call arrived: neither bounced nor unanswered. -#}
{% macro has_arrived(outcome) -%}
    {{ outcome }} not in ('bounced', 'no_answer')
{%- endmacro %}

{#- Whether a row that states an appointment's id without its EHR means the row `named` of `int_activity__named_appointments`. -#}
{% macro names_the_appointment(stated, named) -%}
    {{ stated }}.appointment_id = {{ named }}.appointment_id
        and ({{ named }}.is_only_one or {{ stated }}.patient_key = {{ named }}.patient_key)
{%- endmacro %}
