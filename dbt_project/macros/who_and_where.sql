{#-
    The joins of a fact of an EHR to its `patients`, `providers` and `locations`, each at most one row; `location_id` is the fact's
    expression of its site.
-#}
{% macro who_and_where(fact, location_id) -%}
left join {{ ref('int_activity__source_patients') }} as patients
    on {{ fact }}.source_system = patients.source_system
    and {{ fact }}.patient_id = patients.source_id
    and patients.source_record_type = 'ehr_patient'
left join {{ ref('int_reference__providers') }} as providers
    on {{ fact }}.source_system = providers.source_system
    and {{ fact }}.practitioner_id = providers.practitioner_id
left join {{ ref('int_reference__locations') }} as locations
    on {{ fact }}.source_system = locations.source_system
    and {{ location_id }} = locations.location_id
{%- endmacro %}
