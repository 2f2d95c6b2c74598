with coverages as (

    select
        source_system,
        id as coverage_id,
        {{ patient_of('beneficiary.reference') }} as patient_id,
        {{ fhir_status('Coverage') }} as coverage_status,
        type,
        payor[1] as payor,
        "order" as coverage_order,
        period,
        _last_updated as recorded_at
    from {{ source('raw', 'ehr_coverage') }}
    {{ with_named('Patient', 'beneficiary') }}

),

-- Some servers export no Coverage: it lies inside the payer's statements
statements as (

    select
        source_system,
        id,
        {{ patient_of('patient.reference') }} as patient_id,
        insurer,
        billablePeriod as period,
        unnest(contained) as resource,
        _last_updated as recorded_at
    from {{ source('raw', 'ehr_explanation_of_benefit') }}
    {{ with_named('Patient', 'patient') }}

),

contained_coverages as (

    select
        source_system,
        id || '#' || resource.id as coverage_id,
        patient_id,
        'active' as coverage_status,
        resource.type as type,
        coalesce(resource.payor[1], insurer) as payor,
        cast(null as bigint) as coverage_order,
        period,
        recorded_at
    from statements
    where resource.resourceType = 'Coverage'

),

every_coverage as (

    select * from coverages
    union all by name
    select * from contained_coverages

)

select
    source_system,
    coverage_id,
    patient_id,
    coverage_status,
    type.coding[1].system as type_system,
    type.coding[1].code as type_code,
    coalesce(type.text, type.coding[1].display) as type_text,
    {{ id_of('payor.reference') }} as payer_organization_id,
    trim(payor.display) as payer_name,
    coverage_order,
    {{ fhir_date('period.start') }} as started_on,
    {{ fhir_date('period."end"') }} as ended_on,
    recorded_at
from every_coverage
