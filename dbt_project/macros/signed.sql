{#- A number as text, with its sign, which is never a hyphen: in percentage points if the column `scale` says so. -#}
{% macro signed(column) -%}
    case
        when round({{ column }} * scale, 1) > 0 then '+'
        when round({{ column }} * scale, 1) < 0 then '−'
        else '±'
    end || printf('%.1f', abs({{ column }} * scale))
{%- endmacro %}

{#- Dollars as text: −$1,235. -#}
{% macro said_usd(column) -%}
    case when round({{ column }}) < 0 then '−' else '' end || '$' || format('{:,}', cast(round(abs({{ column }})) as bigint))
{%- endmacro %}

{#- A value in its `unit` as text, as models/wording.py writes it: 98.9 %, $1,235, 35.7 days. -#}
{% macro said_amount(column, unit='unit') -%}
    case {{ unit }}
        when 'share' then printf('%.1f', {{ column }} * 100) || ' %'
        when 'usd' then {{ said_usd(column) }}
        else printf('%.1f', {{ column }}) || ' ' || {{ unit }}
    end
{%- endmacro %}
