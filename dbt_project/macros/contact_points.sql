{#-
    Normalises contact points and names, to compare records of different systems. Empty, impossible and placeholder values become
    null.
-#}

{#- Ten digits of the North American numbering plan, without the country code; no area code begins with 0 or 1 (NANPA). -#}
{% macro phone_digits(phone) -%}
    nullif(regexp_extract(regexp_replace({{ phone }}, '[^0-9]', '', 'g'), '^1?([2-9][0-9]{9})$', 1), '')
{%- endmacro %}

{% macro email_address(email) -%}
    nullif(regexp_extract(lower(trim({{ email }})), '^[^@\s]+@[^@\s]+\.[^@\s]+$'), '')
{%- endmacro %}

{% macro zip5(postal_code) -%}
    nullif(regexp_extract(trim({{ postal_code }}), '^([0-9]{5})(-?[0-9]{4})?$', 1), '')
{%- endmacro %}

{#- Letters only, lower case, no accents: `O'Neill-Müller` is `oneillmuller`. -#}
{% macro letters(text) -%}
    nullif(regexp_replace(lower(strip_accents({{ text }})), '[^a-z]', '', 'g'), '')
{%- endmacro %}

{#- A family name without Jr., Sr., II, III, IV, in letters only. -#}
{% macro family_letters(family_name) -%}
    {{ letters("regexp_replace(lower(" ~ family_name ~ "), '[ ,]+(jr|sr|ii|iii|iv)[.]?$', '')") }}
{%- endmacro %}

{#-
    The distinctive part of a street line: `12 North Main St., Apt 4` and `12 N Main Street #4` become `12 n main 4`. Words for kinds of
    streets and flats are removed, because people abbreviate them differently.
-#}
{% macro street_line(address_line) -%}
    {%- set words = [
        'street', 'st', 'avenue', 'ave', 'road', 'rd', 'drive', 'dr', 'lane', 'ln', 'court', 'ct', 'place', 'pl', 'boulevard',
        'blvd', 'terrace', 'ter', 'circle', 'cir', 'parkway', 'pkwy', 'highway', 'hwy', 'square', 'sq', 'apartment', 'apt',
        'suite', 'ste', 'unit',
    ] -%}
    nullif(trim(regexp_replace(
        regexp_replace(
            regexp_replace(lower({{ address_line }}), '\b({{ words | join("|") }})\b', '', 'g'),
            '\b([nsew])(orth|outh|ast|est)\b', '\1', 'g'
        ),
        '[^a-z0-9]+', ' ', 'g'
    )), '')
{%- endmacro %}

{#- Jr. and II are the same generation of a name; null where none is written. -#}
{% macro name_generation(name) -%}
    replace(nullif(regexp_extract(lower({{ name }}), '[ ,]+(jr|sr|ii|iii|iv)[.]?$', 1), ''), 'jr', 'ii')
{%- endmacro %}

{#- A record number as it can be compared: `MRN-00123`, `00123` and `123` are one. -#}
{% macro record_number(number) -%}
    nullif(regexp_replace(regexp_replace(upper({{ number }}), '[^A-Z0-9]', '', 'g'), '^(MRN|MR)?0*', ''), '')
{%- endmacro %}
