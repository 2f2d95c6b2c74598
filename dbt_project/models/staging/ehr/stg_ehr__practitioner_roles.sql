select
    source_system,
    id as practitioner_role_id,
    coalesce(practitioner_named.named_id, {{ id_of('practitioner.reference') }}) as practitioner_id,
    {{ id_of('organization.reference') }} as organization_id,
    {{ id_of('location[1].reference') }} as location_id,
    coalesce(specialty[1].text, specialty[1].coding[1].display) as specialty,
    coalesce(active, true) as is_active,
    {{ fhir_date('period.start') }} as started_on,
    {{ fhir_date('period."end"') }} as ended_on,
    _last_updated as recorded_at
from {{ source('raw', 'ehr_practitioner_role') }}
{{ with_named('Practitioner', 'practitioner', name='practitioner') }}
