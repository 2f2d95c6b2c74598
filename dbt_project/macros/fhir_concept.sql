{#- The codings of a CodeableConcept as one text, `system|code; system|code`, from which value set membership is resolved. Null without codings. -#}
{% macro codes_of(concept) -%}
    {{ codings_of(concept ~ '.coding') }}
{%- endmacro %}

{#- A list of codings, as that text. -#}
{% macro codings_of(codings) -%}
    nullif(array_to_string(list_transform({{ codings }}, lambda coding: coalesce(coding.system, '') || '|' || coding.code), '; '), '')
{%- endmacro %}

{#- The codings of a list of CodeableConcepts, as one text. -#}
{% macro codes_of_each(concepts) -%}
    {{ codings_of('flatten(list_transform(' ~ concepts ~ ', lambda concept: concept.coding))') }}
{%- endmacro %}

{#- Whether a list of CodeableConcepts has a coding with this code, of any system: for categories and statuses, whose codes are their own. -#}
{% macro has_code(concepts, code) -%}
    {{ is_among(code, codes_of_each(concepts)) }}
{%- endmacro %}

{#- The same of codings that are one text already. -#}
{% macro is_among(code, codes) -%}
    coalesce(contains({{ codes }} || ';', '|{{ code }};'), false)
{%- endmacro %}

{#- Whether the resource claims a profile whose canonical URL contains `name`; the version suffix does not matter. -#}
{% macro claims_profile(name) -%}
    coalesce(contains(array_to_string(meta.profile, ' '), '{{ name }}'), false)
{%- endmacro %}

{#- The value of the extension whose URL ends in `name`. Publishers move the host of these URLs from release to release. -#}
{% macro extension_value(extensions, name, value) -%}
    list_filter({{ extensions }}, lambda e: ends_with(e.url, '{{ name }}'))[1].{{ value }}
{%- endmacro %}
