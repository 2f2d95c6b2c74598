{#-
    The class of a visit in HL7 v3 ActCode (https://terminology.hl7.org/ValueSet-v3-ActEncounterCode.html): as delivered; by the
    practice's map of local classes (`encounter_classes`), by system and code before the code alone; by its word, or its display where it
    has no code; or by its letter in HL7 v2 (https://terminology.hl7.org/CodeSystem-v2-0004.html). What none of these knows stays as it is.
-#}
{% macro encounter_class(coding) -%}
    {%- set local = var('encounter_classes') -%}
    {%- set words = {
        'ambulatory': 'AMB', 'outpatient': 'AMB', 'office visit': 'AMB', 'virtual': 'VR', 'telehealth': 'VR', 'telemedicine': 'VR',
        'home': 'HH', 'home health': 'HH', 'field': 'FLD', 'emergency': 'EMER', 'inpatient': 'IMP', 'inpatient encounter': 'IMP',
    } -%}
    {%- set word = "lower(trim(coalesce(nullif(" ~ coding ~ ".code, ''), " ~ coding ~ ".display)))" -%}
    case
        {%- for given, meant in local.items() if '|' in given %}
        when coalesce({{ coding }}.system, '') || '|' || {{ coding }}.code = '{{ given | replace("'", "''") }}' then '{{ meant }}'
        {%- endfor %}
        {%- for given, meant in local.items() if '|' not in given %}
        when {{ coding }}.code = '{{ given | replace("'", "''") }}' then '{{ meant }}'
        {%- endfor %}
        when upper({{ word }}) in {{ act_encounter_codes() }} then upper({{ word }})
        {%- for said, meant in words.items() %}
        when {{ word }} = '{{ said }}' then '{{ meant }}'
        {%- endfor %}
        {%- for letter, meant in {'e': 'EMER', 'i': 'IMP', 'o': 'AMB', 'p': 'PRENC'}.items() %}
        when {{ word }} = '{{ letter }}' and ({{ coding }}.system is null or {{ coding }}.system like '%v2-0004' or {{ coding }}.system like '%v2/0004') then '{{ meant }}'
        {%- endfor %}
        else nullif({{ coding }}.code, '')
    end
{%- endmacro %}

{#- The codes of v3 ActEncounterCode, as a SQL list. -#}
{% macro act_encounter_codes() -%}
    ('AMB', 'EMER', 'FLD', 'HH', 'IMP', 'ACUTE', 'NONAC', 'OBSENC', 'PRENC', 'SS', 'VR')
{%- endmacro %}
