{#-
    The joins of a coded resource to its patient and to the value sets that contain one of its codes: one row per resource and value
    set. They give `patients.patient_key` and `concept_value_sets.value_set`.
-#}
{% macro in_value_sets(resource, codes='codes') -%}
inner join {{ ref('int_clinical__concept_value_sets') }} as concept_value_sets
    on {{ resource }}.{{ codes }} = concept_value_sets.codes
inner join {{ ref('int_clinical__patient_records') }} as patients
    on {{ resource }}.source_system = patients.source_system
    and {{ resource }}.patient_id = patients.patient_id
{%- endmacro %}

{#- FHIR's intents of a request that is an order, not a proposal or a plan. -#}
{% macro is_order(intent) -%}
{{ intent }} in ('order', 'original-order', 'reflex-order', 'filler-order', 'instance-order')
{%- endmacro %}
