{#- What a steward compares: the records of open reviews and of decisions, as their sources have them. -#}
with pairs as (

    select * from {{ ref('int_identity__reviews') }}
    union all by name
    select * from {{ ref('int_identity__decided_pairs') }}

),

named as (

    select left_source_system as source_system, left_record_type as source_record_type, left_id as source_id from pairs
    union
    select right_source_system, right_record_type, right_id from pairs

)

select
    records.source_system,
    records.source_record_type,
    records.source_id,
    links.patient_key,
    records.mrn,
    records.first_name,
    records.last_name,
    records.birth_date,
    records.sex,
    records.phone,
    records.email,
    records.address_line,
    records.city,
    records.postal_code,
    records.updated_at
from named
inner join {{ ref('int_identity__records') }} as records using (source_system, source_record_type, source_id)
inner join {{ ref('int_identity__patient_links') }} as links using (record_key)
