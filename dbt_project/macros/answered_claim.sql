{#-
    What an answer of a payer says of its claim, and a key of all that (`answered_claim_key`), by which `int_money__answered_claims` finds
    the claim. The key is null where the answer names billing's own id of the claim. Also where the answer stands.
-#}
{% macro answered_claim() -%}
    {%- set columns = answered_claim_columns() %}
    {%- set texts = [] %}
    {%- for column in columns %}{% do texts.append("coalesce(cast(" ~ column ~ " as varchar), '')") %}{% endfor -%}
    {{ columns | join(',\n    ') }},
    case when claim_id is null then {{ surrogate_key(texts) }} end as answered_claim_key,
    _file_key as file_key,
    _row_number as row_number
{%- endmacro %}

{% macro answered_claim_columns() -%}
    {{ return([
        'patient_control_number', 'payer_control_number', 'member_id', 'patient_first_name', 'claim_service_on', 'claim_billed_usd',
        'payer_responsibility',
    ]) }}
{%- endmacro %}
