{#-
    A coding (`system|code`) as value sets write it. Servers name the code systems of the measures by other addresses of them, by the OID
    that HL7 v2 and CDA use (https://terminology.hl7.org), by name (`ICD-10-CM`; table 0396 of HL7 v2), by an edition of SNOMED CT
    (`http://snomed.info/sct/731000124108`), or take ICD-10 for its American edition; and write its codes without the dot.
-#}
{% macro canonical_coding(coding) -%}
    {%- set systems = {
        'http://loinc.org': ['loinc.org', 'urn:oid:2.16.840.1.113883.6.1', 'loinc', 'ln'],
        'http://snomed.info/sct': [
            'snomed.info/sct', 'snomed.info', 'snomed.info/id', 'urn:oid:2.16.840.1.113883.6.96', 'snomed', 'snomedct', 'sct',
        ],
        'http://hl7.org/fhir/sid/icd-10-cm': [
            'hl7.org/fhir/sid/icd-10-cm', 'hl7.org/fhir/sid/icd-10', 'urn:oid:2.16.840.1.113883.6.90', 'urn:oid:2.16.840.1.113883.6.3',
            'icd10', 'icd10cm', 'i10',
        ],
        'http://www.nlm.nih.gov/research/umls/rxnorm': ['nlm.nih.gov/research/umls/rxnorm', 'urn:oid:2.16.840.1.113883.6.88', 'rxnorm'],
        'http://hl7.org/fhir/sid/cvx': ['hl7.org/fhir/sid/cvx', 'urn:oid:2.16.840.1.113883.12.292', 'cvx'],
        'http://www.ama-assn.org/go/cpt': ['ama-assn.org/go/cpt', 'urn:oid:2.16.840.1.113883.6.12', 'cpt', 'cpt4', 'c4'],
        'http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets': [
            'cms.gov/medicare/coding/hcpcsreleasecodesets', 'urn:oid:2.16.840.1.113883.6.285',
            'bluebutton.cms.gov/resources/codesystem/hcpcs', 'hcpcs',
        ],
        'http://www.cms.gov/Medicare/Coding/ICD10': ['cms.gov/medicare/coding/icd10', 'hl7.org/fhir/sid/icd-10-pcs'],
    } -%}
    {%- set system = "split_part(" ~ coding ~ ", '|', 1)" -%}
    {%- set code = "split_part(" ~ coding ~ ", '|', 2)" -%}
    {%- set address = "regexp_replace(lower(trim(" ~ system ~ ")), '^(https?://)?(www[.])?|(/[0-9]{6,}(/version/.*)?)?/*$', '', 'g')" -%}
    {%- set name = "regexp_replace(lower(" ~ system ~ "), '[^a-z0-9]', '', 'g')" -%}
    case case when regexp_matches({{ system }}, '[/:.]') then {{ address }} else {{ name }} end
        {%- for canonical, names in systems.items() %}
        {%- for name in names %}
        when '{{ name }}' then '{{ canonical }}|' || {% if 'icd-10' in canonical -%}
            case
                when regexp_matches({{ code }}, '^[A-Za-z][0-9][0-9A-Za-z][0-9A-Za-z]{1,4}$')
                    then upper(left({{ code }}, 3) || '.' || substr({{ code }}, 4))
                else upper(trim({{ code }}))
            end
        {%- else -%}
            trim({{ code }})
        {%- endif %}
        {%- endfor %}
        {%- endfor %}
        else {{ coding }}
    end
{%- endmacro %}
