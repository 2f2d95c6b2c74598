with people as (

    select * from {{ ref('int_identity__people') }}

),

records as (

    select * from {{ ref('int_identity__records') }}

),

-- The record that gives a person the key: a chart before a contact before an account, and no chart that another one replaced
replaced as (

    select distinct
        source_system,
        'ehr_patient' as source_record_type,
        patient_id as source_id
    from {{ ref('stg_ehr__patient_links') }}
    where link_type = 'replaced-by'

),

ranked as (

    select
        records.record_key,
        records.source_system,
        records.source_record_type,
        records.source_id,
        people.group_key,
        people.link_rule,
        people.confidence,
        first_value(records.record_key) over own_first as patient_key,
        first_value(people.group_key) over own_first as canonical_group_key
    from people
    inner join records using (record_key)
    left join replaced
        on records.source_system = replaced.source_system
        and records.source_record_type = replaced.source_record_type
        and records.source_id = replaced.source_id
    window own_first as (
        partition by people.person_key
        order by
            case records.source_record_type when 'ehr_patient' then 1 when 'crm_contact' then 2 else 3 end,
            replaced.source_id is not null,
            records.source_system,
            records.source_id
    )

),

stated as (

    select
        one_key as record_key,
        arg_max(link_rule, (confidence, link_rule)) as link_rule
    from {{ ref('int_identity__verdicts') }}
    where verdict = 'same'
    group by one_key

)

select
    ranked.record_key,
    ranked.source_system,
    ranked.source_record_type,
    ranked.source_id,
    ranked.patient_key,
    case
        when ranked.record_key = ranked.patient_key then 'own_record'
        when ranked.group_key = ranked.canonical_group_key then stated.link_rule
        else ranked.link_rule
    end as link_rule,
    case
        when ranked.record_key = ranked.patient_key or ranked.group_key = ranked.canonical_group_key then 1.0
        else ranked.confidence
    end as confidence
from ranked
left join stated using (record_key)
