{#- One bound of the interval that holds a share in 95 of 100 samples (Wilson 1927): `sign` is '-' or '+'. It stays within 0 and 1 however few
    the cases are. Null where the denominator is 0 or the numerator is no part of it. -#}
{% macro wilson_bound(numerator, denominator, sign) -%}
    {%- set z = 1.959964 -%}
    case
        when {{ denominator }} > 0 and {{ numerator }} between 0 and {{ denominator }}
            then (
                {{ numerator }} + {{ z * z / 2 }}
                {{ sign }} {{ z }} * sqrt(
                    {{ numerator }} * ({{ denominator }} - {{ numerator }}) / {{ denominator }} + {{ z * z / 4 }}
                )
            ) / ({{ denominator }} + {{ z * z }})
    end
{%- endmacro %}
