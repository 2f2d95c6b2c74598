{#- A finding for care teams: common units, no code without a name, no meaningless decimals. -#}
{% macro plain_words(text) -%}
    {%- set written = [('mm[Hg]', 'mmHg'), ('mL/min/{1.73_m2}', 'mL/min/1.73 m²'), ('kg/m2', 'kg/m²')] -%}
    {%- set ns = namespace(sql=text) -%}
    {%- for ucum, by_hand in written -%}
        {%- set ns.sql = "replace(" ~ ns.sql ~ ", '" ~ ucum ~ "', '" ~ by_hand ~ "')" -%}
    {%- endfor -%}
    regexp_replace(regexp_replace({{ ns.sql }}, '(: )?\b([0-9]{6,18}|LA[0-9]+-[0-9])$', ''), '([0-9])\.0\b', '\1', 'g')
{%- endmacro %}
