"""Da Vinci DEQM gaps in care as SQL: one document per patient, with a section per measure.

https://hl7.org/fhir/us/davinci-deqm/gaps-in-care-reporting.html: Bundle of type document; Composition first, then what it
references: practice, patient, one MeasureReport per measure and one DetectedIssue per gap. Internal references use the entries'
own `urn:uuid`, so the document is self-contained.
"""

from pipelines.exports.fhir.measure_reports import measure_reports

MACROS = """
create or replace temp macro urn(kind, key) as
    'urn:uuid:' || cast(cast(md5(getvariable('publication') || kind || cast(key as varchar)) as uuid) as varchar);
create or replace temp macro identifier(kind, of_value) as {
    'type': concept('http://terminology.hl7.org/CodeSystem/v2-0203', kind), 'value': of_value
};
create or replace temp macro entry(of_urn, of_resource) as to_json({'fullUrl': of_urn, 'resource': of_resource});
"""

# The patient data that the receiver needs to find the person: identifiers, name, birth date, gender.
_PATIENT = """
    without_nulls({
        'resourceType': 'Patient',
        'identifier': list_concat(
            case when patients.mrn is not null then [identifier('MR', patients.mrn)] else [] end,
            [identifier('PI', patients.patient_id)]
        ),
        'name': [without_nulls({
            'family': patients.last_name,
            'given': case when patients.first_name is not null then [patients.first_name] end
        })],
        'gender': case when patients.sex in ('female', 'male', 'other', 'unknown') then patients.sex end,
        'birthDate': cast(patients.birth_date as varchar)
    })
"""


def gap_bundles(profile_base: str) -> str:
    """SQL of the documents: rows of `bundle` (JSON), one per patient with an open or closed gap in the view `gaps`.

    A gap that is not yet due is a `prospective-gap`.
    """
    reports = measure_reports(
        "individual",
        profile_base,
        reporter="{'reference': urn('Organization', getvariable('practice_id'))}",
        subject="{'reference': urn('Patient', patient_key)}",
    )
    return f"""
        with reports as ({reports}),
        issues as (
            select
                gaps.patient_key,
                gaps.measure_code,
                urn('DetectedIssue', gaps.care_gap_key) as issue_urn,
                without_nulls({{
                    'resourceType': 'DetectedIssue',
                    'meta': {{'profile': ['{profile_base}/StructureDefinition/gaps-detectedissue-deqm']}},
                    'modifierExtension': [{{
                        'url': '{profile_base}/StructureDefinition/extension-gapStatus',
                        'valueCodeableConcept': concept('{profile_base}/CodeSystem/gaps-status', case
                            when gaps.gap_status = 'closed' then 'closed-gap'
                            when gaps.is_due_later then 'prospective-gap'
                            else 'open-gap'
                        end)
                    }}],
                    'status': 'final',
                    'code': concept('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'CAREGAP'),
                    'patient': {{'reference': urn('Patient', gaps.patient_key)}},
                    'identifiedDateTime': cast(gaps.opened_on as varchar),
                    'evidence': [{{'detail': [{{'reference': urn('MeasureReport', reports.report_id)}}]}}],
                    'detail': gaps.reason
                }}) as issue
            from gaps
            inner join reports using (measure_code, patient_key)
        ),
        sections as (
            select
                issues.patient_key,
                issues.measure_code,
                {{
                    'title': any_value(reports.title),
                    'focus': {{'reference': urn('MeasureReport', any_value(reports.report_id))}},
                    'entry': list({{'reference': issues.issue_urn}} order by issues.issue_urn)
                }} as section,
                list_prepend(
                    entry(urn('MeasureReport', any_value(reports.report_id)), any_value(reports.report)),
                    list(entry(issues.issue_urn, issues.issue) order by issues.issue_urn)
                ) as entries
            from issues
            inner join reports using (measure_code, patient_key)
            group by issues.patient_key, issues.measure_code
        ),
        documents as (
            select
                patient_key,
                list(section order by measure_code) as sections,
                flatten(list(entries order by measure_code)) as entries
            from sections
            group by patient_key
        )
        select to_json({{
            'resourceType': 'Bundle',
            'meta': {{'profile': ['{profile_base}/StructureDefinition/gaps-bundle-deqm']}},
            'identifier': {{'system': 'urn:ietf:rfc:3986', 'value': urn('Bundle', documents.patient_key)}},
            'type': 'document',
            'timestamp': getvariable('published_at'),
            'entry': list_concat(
                [
                    entry(urn('Composition', documents.patient_key), {{
                        'resourceType': 'Composition',
                        'meta': {{'profile': ['{profile_base}/StructureDefinition/gaps-composition-deqm']}},
                        'status': 'final',
                        'type': concept('http://loinc.org', '96315-7'),
                        'subject': {{'reference': urn('Patient', documents.patient_key)}},
                        'date': getvariable('published_at'),
                        'author': [{{'reference': urn('Organization', getvariable('practice_id'))}}],
                        'title': 'Gaps in care',
                        'section': documents.sections
                    }}),
                    entry(urn('Organization', getvariable('practice_id')), {{
                        'resourceType': 'Organization',
                        'identifier': [practice_identifier()],
                        'name': getvariable('practice_name')
                    }}),
                    entry(urn('Patient', documents.patient_key), {_PATIENT})
                ],
                documents.entries
            )
        }}) as bundle
        from documents
        inner join patients using (patient_key)
        order by documents.patient_key
    """
