{#- Charts stated to be one person, by Patient.link, a shared record number or a steward's decision. -#}
with records as (

    select * from {{ ref('int_identity__records') }}

),

stated as (

    select one_key, other_key from {{ ref('int_identity__verdicts') }}
    where verdict = 'same'

),

{{ connected_groups('connected', 'stated') }}

select
    records.record_key,
    coalesce(connected.group_key, records.record_key) as group_key,
    bool_or(records.source_record_type = 'ehr_patient')
        over (partition by coalesce(connected.group_key, records.record_key)) as has_chart
from records
left join connected using (record_key)
