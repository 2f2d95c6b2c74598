{#- Contact points and names as records of different systems can be compared. Empty, impossible and placeholder values become null. -#}

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
    {{ letters("regexp_replace(lower(" ~ family_name ~ "), '[ ,]+(jr|sr|ii|iii|iv)\.?$', '')") }}
{%- endmacro %}

{#- The street line as post offices write it: `12 North Main St., Apt 4` is `12 n main st apt 4`. -#}
{% macro street_line(address_line) -%}
    {%- set words = {'street': 'st', 'avenue': 'ave', 'road': 'rd', 'drive': 'dr', 'lane': 'ln', 'court': 'ct', 'place': 'pl', 'boulevard': 'blvd',
                     'terrace': 'ter', 'circle': 'cir', 'parkway': 'pkwy', 'highway': 'hwy', 'square': 'sq',
                     'north': 'n', 'south': 's', 'east': 'e', 'west': 'w', 'apartment': 'apt', 'suite': 'ste'} -%}
    {%- set ns = namespace(text="regexp_replace(lower(" ~ address_line ~ "), '[^a-z0-9]+', ' ', 'g')") -%}
    {%- for long, short in words.items() %}{% set ns.text = "regexp_replace(" ~ ns.text ~ ", '\\b" ~ long ~ "\\b', '" ~ short ~ "', 'g')" %}{% endfor -%}
    nullif(trim({{ ns.text }}), '')
{%- endmacro %}
