with patients as (

    select * from {{ ref('stg_ehr__patients') }}

),

names as (

    select
        source_system,
        patient_id,
        arg_min(first_name, preference) as first_name,
        arg_min(last_name, preference) as last_name,
        list({{ letters('first_name') }} order by preference) || list({{ letters("split_part(first_name, ' ', 1)") }} order by preference)
            as given_names,
        arg_min({{ name_generation("' ' || coalesce(name_suffix, last_name)") }}, preference) as name_generation,
        list({{ letters("coalesce(middle_name, split_part(first_name, ' ', 2))") }} order by preference) as middle_names,
        list({{ family_letters('last_name') }} order by preference) as family_names
    from {{ ref('stg_ehr__patient_names') }}
    group by source_system, patient_id

),

contact_points as (

    select
        source_system,
        patient_id,
        arg_min(contact_point, preference) filter (contact_point_type = 'phone' and not is_former) as phone,
        arg_min(contact_point, preference) filter (contact_point_type = 'email' and not is_former) as email,
        list(contact_point order by preference) filter (contact_point_type = 'phone') as phones,
        list(contact_point order by preference) filter (contact_point_type = 'email') as emails
    from {{ ref('stg_ehr__patient_contact_points') }}
    group by source_system, patient_id

),

addresses as (

    select
        *,
        list({{ street_line('address_line') }} || ' ' || postal_code order by preference) over (partition by source_system, patient_id) as streets
    from {{ ref('stg_ehr__patient_addresses') }}
    qualify preference = 1

),

-- The record number is the identifier of type MR (http://terminology.hl7.org/CodeSystem/v2-0203)
record_numbers as (

    select
        source_system,
        patient_id,
        list(identifier_value order by identifier_system, identifier_value) as mrns,
        list(coalesce(nullif(identifier_system, ''), source_system) order by identifier_system, identifier_value) as mrn_assigners
    from {{ ref('stg_ehr__patient_identifiers') }}
    where type_code = 'MR'
    group by source_system, patient_id

)

select
    patients.*,
    record_numbers.mrns[1] as mrn,
    record_numbers.mrns,
    record_numbers.mrn_assigners,
    names.* exclude (source_system, patient_id),
    contact_points.* exclude (source_system, patient_id),
    addresses.address_line,
    addresses.city,
    addresses.state,
    addresses.postal_code,
    addresses.streets
from patients
left join names using (source_system, patient_id)
left join contact_points using (source_system, patient_id)
left join addresses using (source_system, patient_id)
left join record_numbers using (source_system, patient_id)
