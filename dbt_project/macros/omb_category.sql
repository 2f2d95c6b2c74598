{#-
    The OMB category in the parts of a US Core `race` or `ethnicity` extension; `multiple` for several, null if
    none is known. Codes: CDC Race and Ethnicity (urn:oid:2.16.840.1.113883.6.238), http://hl7.org/fhir/us/core/ValueSet/omb-
    race-category.
-#}
{% macro omb_category(kind, parts) -%}
    {%- set names = {
        'race': {
            '1002-5': 'american_indian_or_alaska_native', '2028-9': 'asian', '2054-5': 'black_or_african_american',
            '2076-8': 'native_hawaiian_or_other_pacific_islander', '2106-3': 'white', '2131-1': 'other',
        },
        'ethnicity': {'2135-2': 'hispanic_or_latino', '2186-5': 'not_hispanic_or_latino'},
    }[kind] -%}
    {%- set categories = "list_filter(" ~ parts ~ ", lambda p: p.url = 'ombCategory')" -%}
    {%- set codes = "list_transform(" ~ categories ~ ", lambda p: p.valueCoding.code)" -%}
    case
        when array_length({{ codes }}) > 1 then 'multiple'
        {%- for code, name in names.items() %}
        when {{ codes }}[1] = '{{ code }}' then '{{ name }}'
        {%- endfor %}
    end
{%- endmacro %}
