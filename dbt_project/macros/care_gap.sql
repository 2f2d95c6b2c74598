{#- Whether a rate is a gap of its own. CMS138 asks a patient once: group 3 is screened, and helped if a user; 1 and 2 are its parts. -#}
{% macro is_care_gap(result) -%}
    ({{ result }}.measure_code != 'CMS138' or {{ result }}.group_id = 'Group_3')
{%- endmacro %}
