{#- Lists hold what a record is compared by: letters of names, digits of telephones, one form of a street line. -#}
with ehr_patients as (

    select
        source_system,
        'ehr_patient' as source_record_type,
        patient_id as source_id,
        mrn, first_name, last_name, birth_date, sex, phone, email, address_line, city, state, postal_code, updated_at,
        mrns, given_names, middle_names, family_names, phones, emails, streets
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

),

records as (

    select * from ehr_patients
    union all by name
    select
        *,
        [mrn] as mrns,
        [{{ letters("split_part(first_name, ' ', 1)") }}] as given_names,
        [{{ letters("split_part(first_name, ' ', 2)") }}] as middle_names,
        [{{ family_letters('last_name') }}] as family_names,
        [phone] as phones,
        [email] as emails,
        [{{ street_line('address_line') }} || ' ' || postal_code] as streets
    from flat_records

),

variants as (

    select
        variant,
        list(given_name) as given_names
    from {{ ref('given_name_variants') }}
    group by variant

)

select
    {{ surrogate_key(['source_system', 'source_record_type', 'source_id']) }} as record_key,
    records.* exclude (birth_date, mrns, given_names, middle_names, family_names, phones, emails, streets),
    -- The first of January 1900 is what systems write for an unknown day of birth
    nullif(records.birth_date, date '1900-01-01') as birth_date,
    {%- for column in ['mrns', 'given_names', 'middle_names', 'family_names', 'phones', 'emails', 'streets'] %}
    list_distinct(coalesce(records.{{ column }}, [])) as {{ column }},
    {%- endfor %}
    list_distinct(records.given_names || coalesce(variants.given_names, [])) as given_roots,
    list_distinct(list_transform(string_split_regex(lower(records.last_name), '[^a-z]+'), lambda part: part)) as family_parts
from records
left join variants on records.given_names[1] = variants.variant
