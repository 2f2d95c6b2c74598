{#-
    A number that looks random and is always the same for a person in one half-year: md5 with the practice's salt. The wave is part of it,
    so that nobody is left out for ever.
-#}
{% macro holdout_draw(patient_key) -%}
    md5('{{ var("holdout_salt", "caregap") }}' || '|'
        || cast(year({{ as_of_on() }}) * 2 + (month({{ as_of_on() }}) - 1) // 6 as varchar) || '|' || cast({{ patient_key }} as varchar))
{%- endmacro %}

{#- Why somebody who has lapsed is on the list; null for anybody else. -#}
{% macro lapse_in_words(patient) -%}
    'last visit ' || cast({{ patient }}.lapsed_days as varchar) || ' days ago, a visit expected every '
    || cast(cast({{ patient }}.lapsed_interval_days as integer) as varchar) || ' days'
{%- endmacro %}

{#-
    A share, drawn towards a wider group's share as if `weight` attempts of that group were added: few own attempts say little
    (James & Stein 1961; Efron & Morris 1975).
-#}
{% macro shrunk_share(n_answers, n_attempts, wider_share, weight) -%}
    (({{ n_answers }}) + {{ weight }} * ({{ wider_share }})) / (({{ n_attempts }}) + {{ weight }}.0)
{%- endmacro %}
