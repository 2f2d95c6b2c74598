"""The FHIR R4 JSON of every resource type that the simulated EHR exports.

Each function takes a frame of facts and gives `updated_at` (when this version came to be), `superseded_at` (when the next one
did; null: never) and `line`, the version's JSON. A fact without these columns has one version, since `recorded_at`.
"""

import polars as pl

from data_samples.simulator.deliveries import versioned
from data_samples.simulator.templates import fill, local, utc

_ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_ENCOUNTER = ',"encounter":{"reference":"Encounter/<encounter_id>"}'
_META = '"meta":{"lastUpdated":"<updated>"}'


def _with_encounter(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(encounter=fill(_ENCOUNTER))


def _finish(frame: pl.DataFrame, template: str) -> pl.DataFrame:
    frame = versioned(frame).with_columns(updated=utc("updated_at"))
    return frame.select("updated_at", "superseded_at", line=fill(template))


def observations(frame: pl.DataFrame) -> pl.DataFrame:
    """Facts of `facts.observation` with an `id`."""
    return _finish(
        _with_encounter(frame).with_columns(effective=local("at")),
        '{"resourceType":"Observation","id":"<id>",' + _META + ',"status":"final",'
        '"category":[{"coding":[{"system":"' + _CATEGORY + '","code":"<category>"}]}],'
        '"code":{"coding":[{"system":"<system>","code":"<code>"}]},"subject":{"reference":"Patient/<patient_id>"}<encounter?>'
        ',"effectiveDateTime":"<effective>"<value?>}',
    )


def procedures(frame: pl.DataFrame) -> pl.DataFrame:
    return _finish(
        _with_encounter(frame).with_columns(performed=local("at")),
        '{"resourceType":"Procedure","id":"<id>",' + _META + ',"status":"completed",'
        '"code":{"coding":[{"system":"<system>","code":"<code>"}]},"subject":{"reference":"Patient/<patient_id>"}<encounter?>'
        ',"performedDateTime":"<performed>"}',
    )


def immunizations(frame: pl.DataFrame) -> pl.DataFrame:
    return _finish(
        _with_encounter(frame).with_columns(
            on=local("at").str.head(10), is_own=pl.when(pl.col("encounter_id").is_null()).then(pl.lit("false")).otherwise(pl.lit("true"))
        ),
        '{"resourceType":"Immunization","id":"<id>",' + _META + ',"status":"completed",'
        '"vaccineCode":{"coding":[{"system":"http://hl7.org/fhir/sid/cvx","code":"<code>"}]},'
        '"patient":{"reference":"Patient/<patient_id>"}<encounter?>,"occurrenceDateTime":"<on>","primarySource":<is_own>}',
    )


def conditions(frame: pl.DataFrame) -> pl.DataFrame:
    clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    verification = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
    category = "http://terminology.hl7.org/CodeSystem/condition-category"
    return _finish(
        _with_encounter(frame).with_columns(
            second=fill(',{"system":"http://snomed.info/sct","code":"<code_2>"}'),
            ends=fill(',"abatementDateTime":"<abatement>"'),
            recorded_on=local("recorded_at").str.head(10),
        ),
        '{"resourceType":"Condition","id":"<id>",' + _META + ',"clinicalStatus":{"coding":[{"system":"' + clinical + '",'
        '"code":"<clinical>"}]},"verificationStatus":{"coding":[{"system":"' + verification + '","code":"confirmed"}]},'
        '"category":[{"coding":[{"system":"' + category + '","code":"<category>"}]}],'
        '"code":{"coding":[{"system":"<system>","code":"<code>"}<second?>]},"subject":{"reference":"Patient/<patient_id>"}'
        '<encounter?>,"onsetDateTime":"<onset>"<ends?>,"recordedDate":"<recorded_on>"}',
    )


def medication_requests(frame: pl.DataFrame) -> pl.DataFrame:
    """`status` is active while the supply lasts."""
    return _finish(
        _with_encounter(frame).with_columns(authored=local("at")),
        '{"resourceType":"MedicationRequest","id":"<id>",' + _META + ',"status":"<status>","intent":"order",'
        '"medicationCodeableConcept":{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"<code>"}]},'
        '"subject":{"reference":"Patient/<patient_id>"}<encounter?>,"authoredOn":"<authored>",'
        '"requester":{"reference":"Practitioner/<practitioner_id>"},'
        '"dispenseRequest":{"numberOfRepeatsAllowed":<refills>,"expectedSupplyDuration":{"value":<days>,"unit":"days",'
        '"system":"http://unitsofmeasure.org","code":"d"}}}',
    )


def service_requests(frame: pl.DataFrame) -> pl.DataFrame:
    return _finish(
        _with_encounter(frame).with_columns(
            authored=local("at"),
            why=fill(',"reasonCode":[{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"<reason>"}]}]'),
        ),
        '{"resourceType":"ServiceRequest","id":"<id>",' + _META + ',"status":"completed","intent":"order",'
        '"category":[{"text":"<kind>"}],"code":{"coding":[{"system":"<system>","code":"<code>"}]},'
        '"subject":{"reference":"Patient/<patient_id>"}<encounter?>,"authoredOn":"<authored>",'
        '"requester":{"reference":"Practitioner/<practitioner_id>"}<why?>}',
    )


def tasks(frame: pl.DataFrame) -> pl.DataFrame:
    """`status` is completed once the consultant's report came, at `ended`."""
    return _finish(
        frame.with_columns(
            authored=local("asked_at"),
            ended=local("reported_at"),
            report=pl.when(pl.col("reported_at").is_not_null()).then(
                pl.lit(',"reasonCode":{"coding":[{"system":"http://loinc.org","code":"11488-4"}]}')
            ),
        ).with_columns(period_end=fill(',"end":"<ended>"')),
        '{"resourceType":"Task","id":"<id>",' + _META + ',"status":"<status>","intent":"order",'
        '"code":{"coding":[{"system":"http://hl7.org/fhir/CodeSystem/task-code","code":"fulfill"}]},'
        '"basedOn":[{"reference":"ServiceRequest/<based_on>"}],"for":{"reference":"Patient/<patient_id>"},'
        '"executionPeriod":{"start":"<authored>"<period_end?>},"authoredOn":"<authored>"<report?>}',
    )


def diagnostic_reports(frame: pl.DataFrame) -> pl.DataFrame:
    return _finish(
        _with_encounter(frame).with_columns(effective=local("at"), issued=local("recorded_at")),
        '{"resourceType":"DiagnosticReport","id":"<id>",' + _META + ',"status":"final",'
        '"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0074","code":"LAB"}]}],'
        '"code":{"coding":[{"system":"http://loinc.org","code":"<code>"}]},"subject":{"reference":"Patient/<patient_id>"}'
        '<encounter?>,"effectiveDateTime":"<effective>","issued":"<issued>","result":[<results>]}',
    )


def communications(frame: pl.DataFrame) -> pl.DataFrame:
    return _finish(
        frame.with_columns(sent=local("at")),
        '{"resourceType":"Communication","id":"<id>",' + _META + ',"status":"completed","category":[{"text":"<purpose>"}],'
        '"medium":[{"text":"<channel>"}],"subject":{"reference":"Patient/<patient_id>"},"sent":"<sent>"}',
    )


def coverages(frame: pl.DataFrame) -> pl.DataFrame:
    return _finish(
        frame.with_columns(until=fill(',"end":"<ends_on>"')),
        '{"resourceType":"Coverage","id":"<id>",' + _META + ',"status":"active",'
        '"type":{"coding":[{"system":"https://nahdo.org/sopt","code":"<payer_type>"}]},'
        '"subscriberId":"<member_number>","beneficiary":{"reference":"Patient/<patient_id>"},'
        '"period":{"start":"<starts_on>"<until?>},"payor":[{"reference":"Organization/<payer_id>"}],"order":1}',
    )


# What a visit is coded as: class, then type codings. Office visit, and how it came about; wellness visit; telephone.
_VISIT_CODES = {
    "preventive": ("AMB", '{"system":"http://snomed.info/sct","code":"185349003"}'),
    "follow_up": (
        "AMB",
        '{"system":"http://snomed.info/sct","code":"185349003"},{"system":"http://snomed.info/sct","code":"390906007"}',
    ),
    "acute": (
        "AMB",
        '{"system":"http://snomed.info/sct","code":"185349003"},{"system":"http://snomed.info/sct","code":"270427003"}',
    ),
    "telehealth": ("VR", '{"system":"http://snomed.info/sct","code":"185317003"}'),
    "wellness": (
        "AMB",
        '{"system":"http://snomed.info/sct","code":"185349003"},'
        '{"system":"http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets","code":"G0439"}',
    ),
}


def encounters(frame: pl.DataFrame) -> pl.DataFrame:
    kind = pl.when((pl.col("visit_type") == "preventive") & (pl.col("age") >= 65)).then(pl.lit("wellness")).otherwise("visit_type")
    frame = frame.with_columns(
        kind=kind, started=local("starts_at"), ended=local("ends_at"), recorded_at=pl.col("ends_at") + pl.duration(minutes=20)
    ).with_columns(
        class_code=pl.col("kind").replace_strict({name: codes[0] for name, codes in _VISIT_CODES.items()}),
        codings=pl.col("kind").replace_strict({name: codes[1] for name, codes in _VISIT_CODES.items()}),
        booked=pl.when(~pl.col("is_historic")).then(fill(',"appointment":[{"reference":"Appointment/<appointment_id>"}]')),
    )
    return _finish(
        frame,
        '{"resourceType":"Encounter","id":"<encounter_id>",' + _META + ',"status":"finished","class":{"system":"' + _ACT + '",'
        '"code":"<class_code>"},"type":[{"coding":[<codings>]}],"subject":{"reference":"Patient/<patient_id>"},'
        '"participant":[{"individual":{"reference":"Practitioner/<practitioner_id>"}}]<booked?>,'
        '"period":{"start":"<started>","end":"<ended>"},"location":[{"location":{"reference":"Location/<location_id>"}}],'
        '"serviceProvider":{"reference":"Organization/org-practice"}}',
    )


def appointments(frame: pl.DataFrame) -> pl.DataFrame:
    """`status`, `updated_at`, `cancelled`, `reason` and `checked_in` are those of the day of the export."""
    base = "urn:caregap:fhir:extension:"
    frame = frame.with_columns(
        starts=local("starts_at"), ends=local("ends_at"), created=local("booked_at"), cancelled=local("cancelled_at"), checked=local("checked_in_at")
    ).with_columns(
        why=fill(
            ',"cancelationReason":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason",'
            '"code":"<reason>"}]}'
        ),
        extension_1=fill('{"url":"' + base + 'appointment-booked-via","valueCode":"<booked_via>"}'),
        extension_2=fill(',{"url":"' + base + 'appointment-cancelled-at","valueDateTime":"<cancelled>"}'),
        extension_3=fill(',{"url":"' + base + 'appointment-checked-in-at","valueDateTime":"<checked>"}'),
        extension_4=fill(',{"url":"' + base + 'appointment-rebooked-from","valueString":"<rebooked_from_id>"}'),
    )
    return _finish(
        frame,
        '{"resourceType":"Appointment","id":"<appointment_id>",' + _META + ',"extension":[<extension_1><extension_2?><extension_3?>'
        '<extension_4?>],"status":"<status>"<why?>,"appointmentType":{"text":"<kind>"},"start":"<starts>","end":"<ends>",'
        '"minutesDuration":<minutes>,"created":"<created>","participant":['
        '{"actor":{"reference":"Patient/<patient_id>"},"status":"accepted"},'
        '{"actor":{"reference":"Practitioner/<practitioner_id>"},"status":"accepted"},'
        '{"actor":{"reference":"Location/<location_id>"},"status":"accepted"}]}',
    )


def patients(frame: pl.DataFrame) -> pl.DataFrame:
    core = "http://hl7.org/fhir/us/core/StructureDefinition/"
    cdc = "urn:oid:2.16.840.1.113883.6.238"
    frame = frame.with_columns(
        second=fill(',"<middle>"'),
        linked=fill(',"link":[{"other":{"reference":"Patient/<replaced_by>"},"type":"replaced-by"}]'),
        maiden=pl.when("has_married").then(fill(',{"use":"maiden","family":"<maiden_name>","given":["<given>"]}')),
        numbers=pl.concat_str(
            fill('{"system":"phone","value":"<phone>","use":"mobile","rank":1}').fill_null(""),
            pl.when(pl.col("phone").is_not_null() & pl.col("email").is_not_null()).then(pl.lit(",")).otherwise(pl.lit("")),
            fill('{"system":"email","value":"<email>"}').fill_null(""),
        ),
        died=pl.when(pl.col("died_on").is_not_null()).then(
            pl.concat_str(pl.lit(',"deceasedDateTime":"'), pl.col("died_on").cast(pl.String), pl.lit('"'))
        ),
        sex_code=pl.when(pl.col("sex") == "female").then(pl.lit("248152002")).otherwise(pl.lit("248153007")),
        ethnicity_name=pl.when(pl.col("ethnicity") == "2135-2")
        .then(pl.lit("Hispanic or Latino"))
        .otherwise(pl.lit("Not Hispanic or Latino")),
    )
    return _finish(
        frame,
        '{"resourceType":"Patient","id":"<patient_id>",' + _META + ',"extension":['
        '{"url":"' + core + 'us-core-race","extension":[{"url":"ombCategory","valueCoding":{"system":"' + cdc + '","code":"<race>"}},'
        '{"url":"text","valueString":"<race_name>"}]},'
        '{"url":"' + core + 'us-core-ethnicity","extension":[{"url":"ombCategory","valueCoding":{"system":"' + cdc + '",'
        '"code":"<ethnicity>"}},{"url":"text","valueString":"<ethnicity_name>"}]},'
        '{"url":"' + core + 'us-core-sex","valueCode":"<sex_code>"}],'
        '"identifier":[{"use":"usual","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},'
        '"system":"urn:caregap:mrn","value":"<mrn>"}],"active":<active>,'
        '"name":[{"use":"official","family":"<family>","given":["<given>"<second?>]}<maiden?>],"telecom":[<numbers>],'
        '"gender":"<sex>","birthDate":"<birth_on>"<died?>,'
        '"address":[{"use":"home","line":["<address_line>"],"city":"<city>","state":"<state>","postalCode":"<postal_code>",'
        '"country":"US"}],"communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"<language>"}]},'
        '"preferred":true}],"generalPractitioner":[{"reference":"Practitioner/<practitioner_id>"}],'
        '"managingOrganization":{"reference":"Organization/org-practice"}<linked?>}',
    )
