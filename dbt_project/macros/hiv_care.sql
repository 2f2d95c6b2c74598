{#- The value sets of visits that CMS314, CMS1157 and CMS1188 count as HIV care, quoted. Virtual encounters are not among them. -#}
{% macro hiv_care_visits() -%}
'office_visit',
            'outpatient_consultation',
            'annual_wellness_visit',
            'face_to_face_interaction',
            'home_healthcare_services',
            'preventive_care_services_established_office_visit_18_and_up',
            'preventive_care_services_initial_office_visit_18_and_up',
            'preventive_care_services_initial_office_visit_0_to_17',
            'preventive_care_established_office_visit_0_to_17',
            'telephone_visits',
            'preventive_care_services_other'
{%- endmacro %}

{#- Whether the patient of `patient_periods` had such a visit from the first day of the period to the day `last`; finished, or of any status. -#}
{% macro has_hiv_care_visit(last, of_any_status=false) -%}
exists (
    select 1
    from {{ ref('int_clinical__encounters') }} as encounters
    where
        encounters.patient_key = patient_periods.patient_key
        {%- if not of_any_status %}
        and encounters.is_performed
        {%- endif %}
        and encounters.value_set in (
            {{ hiv_care_visits() }}
        )
        and {{ during_days('encounters', 'patient_periods.period_start_on', last) }}
)
{%- endmacro %}

{#- Whether the patient of `events`, an alias, has a verified HIV diagnosis, ended or not, that began by the day `last`. -#}
{% macro has_hiv_by(last, events='patient_periods') -%}
exists (
    select 1
    from {{ ref('int_clinical__conditions') }} as conditions
    where
        conditions.patient_key = {{ events }}.patient_key
        and conditions.value_set = 'hiv'
        and conditions.is_verified
        and conditions.lo_on_latest <= {{ last }}
)
{%- endmacro %}
