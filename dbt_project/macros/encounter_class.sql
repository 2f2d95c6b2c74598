{#-
    The class of a visit in HL7 v3 ActCode (https://terminology.hl7.org/ValueSet-v3-ActEncounterCode.html): as delivered; by the
    practice's map of local classes (`encounter_classes`), by system and code before the code alone; or by its word. What none of these
    knows stays as it is.
-#}
{% macro encounter_class(coding) -%}
    {%- set local = var('encounter_classes') -%}
    case
        {%- for given, meant in local.items() if '|' in given %}
        when coalesce({{ coding }}.system, '') || '|' || {{ coding }}.code = '{{ given | replace("'", "''") }}' then '{{ meant }}'
        {%- endfor %}
        {%- for given, meant in local.items() if '|' not in given %}
        when {{ coding }}.code = '{{ given | replace("'", "''") }}' then '{{ meant }}'
        {%- endfor %}
        when upper({{ coding }}.code) in {{ act_encounter_codes() }} then upper({{ coding }}.code)
        when lower({{ coding }}.code) in ('ambulatory', 'outpatient') then 'AMB'
        when lower({{ coding }}.code) in ('virtual', 'telehealth') then 'VR'
        when lower({{ coding }}.code) = 'home' then 'HH'
        when lower({{ coding }}.code) = 'field' then 'FLD'
        when lower({{ coding }}.code) = 'emergency' then 'EMER'
        when lower({{ coding }}.code) = 'inpatient' then 'IMP'
        else {{ coding }}.code
    end
{%- endmacro %}

{#- The codes of v3 ActEncounterCode, as a SQL list. -#}
{% macro act_encounter_codes() -%}
    ('AMB', 'EMER', 'FLD', 'HH', 'IMP', 'ACUTE', 'NONAC', 'OBSENC', 'PRENC', 'SS', 'VR')
{%- endmacro %}
