{#-
    Whether a rate counts as a separate gap. CMS138 has one gap per patient: group 3 (screened, and treated if a user), CMS156 too (either
    of the two harms); 1 and 2 are its parts. CMS154 has none: no later service undoes an antibiotic that was ordered.
-#}
{% macro is_care_gap(result) -%}
    (
        {{ result }}.measure_code != 'CMS154'
        and ({{ result }}.measure_code not in ('CMS138', 'CMS156') or {{ result }}.group_id = 'Group_3')
    )
{%- endmacro %}

{#- A gap's reason shows a finding of the seed `measure_actions`: % stands for anything, !% for the sign itself. -#}
{% macro shows_finding(reason, finding) -%}
    {{ reason }} like {{ finding }} escape '!'
{%- endmacro %}
