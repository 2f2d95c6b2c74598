{#- The codings of a CodeableConcept as one text, `system|code; system|code`, from which value set membership is resolved. Null without codings. -#}
{% macro codes_of(concept) -%}
    nullif(array_to_string(list_transform({{ concept }}.coding, lambda coding: coalesce(coding.system, '') || '|' || coding.code), '; '), '')
{%- endmacro %}

{#- The codings of a list of CodeableConcepts, as one text. -#}
{% macro codes_of_each(concepts) -%}
    nullif(array_to_string(list_transform(
        flatten(list_transform({{ concepts }}, lambda concept: concept.coding)), lambda coding: coalesce(coding.system, '') || '|' || coding.code
    ), '; '), '')
{%- endmacro %}

{#- Whether a list of CodeableConcepts has a coding with this code, of any system: for categories and statuses, whose codes are their own. -#}
{% macro has_code(concepts, code) -%}
    coalesce(contains({{ codes_of_each(concepts) }} || ';', '|{{ code }};'), false)
{%- endmacro %}

{#- Whether the resource claims a profile whose canonical URL contains `name`; the version suffix does not matter. -#}
{% macro claims_profile(name) -%}
    coalesce(contains(array_to_string(meta.profile, ' '), '{{ name }}'), false)
{%- endmacro %}

{#- The CodeableConcept in the extension whose URL ends in `name`. Publishers move the host of these URLs from release to release. -#}
{% macro extension_concept(extensions, name) -%}
    list_filter({{ extensions }}, lambda e: ends_with(e.url, '{{ name }}'))[1].valueCodeableConcept
{%- endmacro %}
