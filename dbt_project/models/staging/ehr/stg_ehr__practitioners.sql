select
    source_system,
    id as practitioner_id,
    list_filter(identifier, lambda i: i.system = 'http://hl7.org/fhir/sid/us-npi')[1].value as npi,
    trim(name[1].given[1]) as first_name,
    trim(coalesce(name[1].family, name[1].text)) as last_name,
    coalesce(active, true) as is_active
from {{ source('raw', 'ehr_practitioner') }}
