{#- Answers of payers and clearinghouses to claims that billing did not deliver. -#}
with

claims as (

    select * from {{ ref('int_money__claim_headers') }}

),

answers as (

    {% for answers in ['remittances', 'claim_denials', 'claim_submissions'] %}
    select '{{ answers }}' as extract, source_system, claim_id, file_key, row_number
    from {{ ref('int_money__' ~ answers) }}
    {{ "union all" if not loop.last }}
    {% endfor %}

)

select
    answers.source_system,
    answers.file_key,
    answers.row_number,
    answers.extract,
    'claim_id' as field,
    'unmatched' as kind,
    case
        when answers.claim_id is null then 'is not known: none of the delivered claims, or several alike, fit what the answer says of it'
        else 'is that of no delivered claim'
    end as finding
from answers
left join claims
    on answers.source_system = claims.source_system
    and answers.claim_id = claims.claim_id
where claims.claim_id is null
