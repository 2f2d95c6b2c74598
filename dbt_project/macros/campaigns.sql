{#- A chronic condition in words, as a sentence has it. -#}
{% macro condition_in_words(condition_name) -%}
    replace(replace({{ condition_name }}, '_', ' '), 'copd', 'COPD')
{%- endmacro %}

{#- The rule of a defined campaign in words, from its columns. -#}
{% macro campaign_rule() -%}
    case audience
        when 'condition' then 'Patients with ' || {{ condition_in_words('condition_name') }}
        when 'prevention' then 'Patients with preventive care due'
        when 'lapsed' then 'Patients who have drifted away'
    end
    || coalesce(', an open gap in ' || measure_code, '')
    || coalesce(', not seen for ' || cast(no_visit_months as varchar) || case when no_visit_months = 1 then ' month' else ' months' end, '')
    || ', no visit booked'
{%- endmacro %}

{#-
    Whether a campaign holds a person out at random: a permanent number of the person and the campaign, as `is_drawn` has it, so that
    nobody changes sides while the campaign runs.
-#}
{% macro is_drawn_by(campaign_code, holdout_share, patient_key) -%}
    cast('0x' || substr(md5({{ dbt.string_literal(dbt.escape_single_quotes(var("holdout_salt"))) }} || '|' || {{ campaign_code }} || '|'
        || cast({{ patient_key }} as varchar)), 1, 13) as bigint) / 4503599627370496.0 < {{ holdout_share }}
{%- endmacro %}
