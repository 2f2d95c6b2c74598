{%- set lists = ['mrns', 'mrn_assigners', 'given_names', 'middle_names', 'family_names', 'phones', 'emails', 'streets'] %}
with ehr_patients as (

    select
        source_system,
        'ehr_patient' as source_record_type,
        patient_id as source_id,
        mrn, first_name, last_name, birth_date, sex, phone, email, address_line, city, state, postal_code, updated_at,
        name_generation,
        {{ lists | join(', ') }}
    from {{ ref('int_identity__ehr_patients') }}

),

crm_contacts as (

    select
        source_system,
        'crm_contact' as source_record_type,
        contact_id as source_id,
        mrn, first_name, last_name, birth_date, sex, phone, email, address_line, city, state, postal_code, updated_at
    from {{ ref('stg_crm__contacts') }}

),

billing_accounts as (

    select
        source_system,
        'billing_account' as source_record_type,
        account_id as source_id,
        mrn, first_name, last_name, birth_date, sex, phone, address_line, city, state, postal_code, updated_at
    from {{ ref('stg_billing__accounts') }}

),

flat_records as (

    select * from crm_contacts
    union all by name
    select * from billing_accounts

)

select * from ehr_patients
union all by name
select
    *,
    coalesce({{ name_generation('last_name') }}, {{ name_generation('first_name') }}) as name_generation,
    [mrn] as mrns,
    cast([] as varchar[]) as mrn_assigners,
    [{{ letters('first_name') }}, {{ letters("split_part(first_name, ' ', 1)") }}] as given_names,
    [{{ letters("split_part(first_name, ' ', 2)") }}] as middle_names,
    [{{ family_letters('last_name') }}] as family_names,
    [phone] as phones,
    [email] as emails,
    [{{ street_line('address_line') }} || ' ' || postal_code] as streets
from flat_records
