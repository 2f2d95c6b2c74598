with

value_sets as (

    select * from {{ source('raw', 'value_sets') }}

),

codes as (

    select * from {{ source('raw', 'value_set_codes') }}

),

-- The same code systems as older interfaces name them (HL7 OID registry)
aliases as (

    select *
    from (values
        ('http://snomed.info/sct', 'urn:oid:2.16.840.1.113883.6.96'),
        ('http://loinc.org', 'urn:oid:2.16.840.1.113883.6.1'),
        ('http://hl7.org/fhir/sid/icd-10-cm', 'urn:oid:2.16.840.1.113883.6.90'),
        ('http://www.nlm.nih.gov/research/umls/rxnorm', 'urn:oid:2.16.840.1.113883.6.88'),
        ('http://hl7.org/fhir/sid/cvx', 'urn:oid:2.16.840.1.113883.12.292'),
        ('http://www.ama-assn.org/go/cpt', 'urn:oid:2.16.840.1.113883.6.12'),
        ('http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets', 'https://bluebutton.cms.gov/resources/codesystem/hcpcs'),
        ('http://www.cms.gov/Medicare/Coding/ICD10', 'http://hl7.org/fhir/sid/icd-10-pcs')
    ) as systems (system, alias)

),

in_use as (

    select
        value_sets.value_set,
        codes.system,
        codes.code
    from codes
    inner join value_sets
        on codes.value_set_url = value_sets.value_set_url
        and codes.version is not distinct from value_sets.version

)

select value_set, system, code from in_use
union
select in_use.value_set, aliases.alias as system, in_use.code
from in_use
inner join aliases on in_use.system = aliases.system
