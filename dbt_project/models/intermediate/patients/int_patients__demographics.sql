{#-
    A person's name, birth date and sex come from the record that gave the person the key, otherwise from the next most trusted
    record. Contact points and the address come from the record changed last, because people move.
-#}
{%- set trusted = ['mrn', 'first_name', 'last_name', 'birth_date', 'sex', 'race', 'ethnicity', 'language'] %}
{%- set newest = ['phone', 'email', 'preferred_channel'] %}
with charts as (

    select
        *,
        'ehr_patient' as source_record_type
    from {{ ref('stg_ehr__patients') }}

),

contacts as (

    select
        *,
        'crm_contact' as source_record_type
    from {{ ref('stg_crm__contacts') }}

),

records as (

    select
        links.patient_key,
        records.*,
        charts.race,
        charts.ethnicity,
        coalesce(charts.language, contacts.language) as language,
        charts.general_practitioner_id,
        contacts.preferred_channel,
        coalesce(contacts.is_do_not_contact, false) as is_do_not_contact,
        row_number() over (
            partition by links.patient_key
            order by
                links.record_key = links.patient_key desc,
                case links.source_record_type when 'ehr_patient' then 1 when 'crm_contact' then 2 else 3 end,
                records.updated_at desc nulls last,
                links.record_key
        ) as trust,
        row_number() over (
            partition by links.patient_key
            order by
                records.updated_at desc nulls last,
                case links.source_record_type when 'ehr_patient' then 1 when 'crm_contact' then 2 else 3 end,
                links.record_key
        ) as recency
    from {{ ref('int_identity__patient_links') }} as links
    inner join {{ ref('int_identity__records') }} as records using (record_key)
    left join charts
        on links.source_system = charts.source_system
        and links.source_record_type = charts.source_record_type
        and links.source_id = charts.patient_id
    left join contacts
        on links.source_system = contacts.source_system
        and links.source_record_type = contacts.source_record_type
        and links.source_id = contacts.contact_id

),

people as (

    select
        patient_key,
        {%- for field in trusted %}
        arg_min({{ field }}, trust) filter ({{ field }} is not null) as {{ field }},
        {%- endfor %}
        {%- for field in newest %}
        arg_min({{ field }}, recency) filter ({{ field }} is not null) as {{ field }},
        {%- endfor %}
        arg_min(
            {'address_line': address_line, 'city': city, 'state': state, 'postal_code': postal_code}, recency
        ) filter (address_line is not null or postal_code is not null) as address,
        arg_min(
            {'source_system': source_system, 'practitioner_id': general_practitioner_id}, trust
        ) filter (general_practitioner_id is not null) as general_practitioner,
        bool_or(is_do_not_contact) as is_do_not_contact,
        bool_or(source_record_type = 'ehr_patient') as has_ehr_record,
        bool_or(source_record_type = 'crm_contact') as has_crm_record,
        bool_or(source_record_type = 'billing_account') as has_billing_record
    from records
    group by patient_key

)

select
    people.* exclude (address, general_practitioner),
    deaths.patient_key is not null as is_deceased,
    deaths.deceased_on,
    people.address.address_line,
    people.address.city,
    people.address.state,
    people.address.postal_code,
    {{ surrogate_key(['general_practitioner.source_system', 'general_practitioner.practitioner_id']) }}
        as general_practitioner_key
from people
left join {{ ref('int_patients__deaths') }} as deaths
    on people.patient_key = deaths.patient_key
