"""The FHIR R4 JSON of administrative resources: patients, coverage, appointments and visits. See `fhir.py`."""

import polars as pl

from data_samples.simulator.fhir import finish
from data_samples.simulator.templates import fill, local

_ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
# Visit codes: class, then type codings. Office visit with its kind; wellness visit; telephone.
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


def coverages(frame: pl.DataFrame) -> pl.DataFrame:
    return finish(
        frame.with_columns(until=fill(',"end":"<ends_on>"')),
        "Coverage",
        '"status":"active",'
        '"type":{"coding":[{"system":"https://nahdo.org/sopt","code":"<payer_type>"}]},'
        '"subscriberId":"<member_number>","beneficiary":{"reference":"Patient/<patient_id>"},'
        '"period":{"start":"<starts_on>"<until?>},"payor":[{"reference":"Organization/<payer_id>"}],"order":1',
    )


def encounters(frame: pl.DataFrame) -> pl.DataFrame:
    """Visits; a `reason` (ICD-10-CM) is told where the frame has this column."""
    if "reason" not in frame.columns:
        frame = frame.with_columns(reason=pl.lit(None, dtype=pl.String))
    kind = (
        pl.when((pl.col("visit_type") == "preventive") & (pl.col("age") >= 65)).then(pl.lit("wellness")).otherwise("visit_type")
    )
    frame = frame.with_columns(
        kind=kind, started=local("starts_at"), ended=local("ends_at"), recorded_at=pl.col("ends_at") + pl.duration(minutes=20)
    ).with_columns(
        class_code=pl.col("kind").replace_strict({name: codes[0] for name, codes in _VISIT_CODES.items()}),
        codings=pl.col("kind").replace_strict({name: codes[1] for name, codes in _VISIT_CODES.items()}),
        why=fill(',"reasonCode":[{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"<reason>"}]}]'),
        booked=pl.when(~pl.col("is_historic")).then(fill(',"appointment":[{"reference":"Appointment/<appointment_id>"}]')),
    )
    return finish(
        frame,
        "Encounter",
        '"status":"finished","class":{"system":"' + _ACT + '",'
        '"code":"<class_code>"},"type":[{"coding":[<codings>]}],"subject":{"reference":"Patient/<patient_id>"},'
        '"participant":[{"individual":{"reference":"Practitioner/<practitioner_id>"}}]<why?><booked?>,'
        '"period":{"start":"<started>","end":"<ended>"},"location":[{"location":{"reference":"Location/<location_id>"}}],'
        '"serviceProvider":{"reference":"Organization/org-practice"}',
        identified_by="encounter_id",
    )


def stays(frame: pl.DataFrame) -> pl.DataFrame:
    """Encounters of an inpatient stay, discharged home."""
    disposition = "http://terminology.hl7.org/CodeSystem/discharge-disposition"
    return finish(
        frame.with_columns(started=local("starts_at"), ended=local("ends_at")),
        "Encounter",
        '"status":"finished","class":{"system":"' + _ACT + '","code":"IMP"},'
        '"type":[{"coding":[{"system":"http://snomed.info/sct","code":"32485007"}]}],"subject":{"reference":"Patient/<patient_id>"},'
        '"period":{"start":"<started>","end":"<ended>"},'
        '"hospitalization":{"dischargeDisposition":{"coding":[{"system":"' + disposition + '","code":"home"}]}},'
        '"serviceProvider":{"reference":"Organization/org-hospital"}',
    )


def appointments(frame: pl.DataFrame) -> pl.DataFrame:
    """`status`, `updated_at`, `cancelled`, `reason` and `checked_in` are those of the day of the export."""
    base = "urn:caregap:fhir:extension:"
    frame = frame.with_columns(
        starts=local("starts_at"),
        ends=local("ends_at"),
        created=local("booked_at"),
        cancelled=local("cancelled_at"),
        checked=local("checked_in_at"),
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
    return finish(
        frame,
        "Appointment",
        '"extension":[<extension_1><extension_2?><extension_3?>'
        '<extension_4?>],"status":"<status>"<why?>,"appointmentType":{"text":"<kind>"},"start":"<starts>","end":"<ends>",'
        '"minutesDuration":<minutes>,"created":"<created>","participant":['
        '{"actor":{"reference":"Patient/<patient_id>"},"status":"accepted"},'
        '{"actor":{"reference":"Practitioner/<practitioner_id>"},"status":"accepted"},'
        '{"actor":{"reference":"Location/<location_id>"},"status":"accepted"}]',
        identified_by="appointment_id",
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
    return finish(
        frame,
        "Patient",
        '"extension":['
        '{"url":"'
        + core
        + 'us-core-race","extension":[{"url":"ombCategory","valueCoding":{"system":"'
        + cdc
        + '","code":"<race>"}},'
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
        '"managingOrganization":{"reference":"Organization/org-practice"}<linked?>',
        identified_by="patient_id",
    )
