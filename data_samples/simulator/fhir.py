"""The FHIR R4 JSON of clinical resources.

Each function takes a frame of facts and gives `updated_at` (when this version came to be), `superseded_at` (when the next one
did; null: never) and `line`, the version's JSON. A fact without these columns has one version, since `recorded_at`.
"""

import polars as pl

from data_samples.simulator.deliveries import versioned
from data_samples.simulator.templates import fill, local, utc

_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_ENCOUNTER = ',"encounter":{"reference":"Encounter/<encounter_id>"}'


def _with_encounter(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(encounter=fill(_ENCOUNTER))


def finish(frame: pl.DataFrame, resource_type: str, elements: str, *, identified_by: str = "id") -> pl.DataFrame:
    """The lines of one type of resource: its head, and the template of its other `elements`."""
    head = f'{{"resourceType":"{resource_type}","id":"<{identified_by}>","meta":{{"lastUpdated":"<updated>"}},'
    frame = versioned(frame).with_columns(updated=utc("updated_at"))
    return frame.select("updated_at", "superseded_at", line=fill(head + elements + "}"))


def observations(frame: pl.DataFrame) -> pl.DataFrame:
    """Facts of `facts.observation` with an `id`."""
    return finish(
        _with_encounter(frame).with_columns(effective=local("at")),
        "Observation",
        '"status":"final",'
        '"category":[{"coding":[{"system":"' + _CATEGORY + '","code":"<category>"}]}],'
        '"code":{"coding":[{"system":"<system>","code":"<code>"}]},"subject":{"reference":"Patient/<patient_id>"}<encounter?>'
        ',"effectiveDateTime":"<effective>"<value?>',
    )


def procedures(frame: pl.DataFrame) -> pl.DataFrame:
    return finish(
        _with_encounter(frame).with_columns(performed=local("at")),
        "Procedure",
        '"status":"completed",'
        '"code":{"coding":[{"system":"<system>","code":"<code>"}]},"subject":{"reference":"Patient/<patient_id>"}<encounter?>'
        ',"performedDateTime":"<performed>"',
    )


def immunizations(frame: pl.DataFrame) -> pl.DataFrame:
    return finish(
        _with_encounter(frame).with_columns(
            on=local("at").str.head(10),
            is_own=pl.when(pl.col("encounter_id").is_null()).then(pl.lit("false")).otherwise(pl.lit("true")),
        ),
        "Immunization",
        '"status":"completed",'
        '"vaccineCode":{"coding":[{"system":"http://hl7.org/fhir/sid/cvx","code":"<code>"}]},'
        '"patient":{"reference":"Patient/<patient_id>"}<encounter?>,"occurrenceDateTime":"<on>","primarySource":<is_own>',
    )


def conditions(frame: pl.DataFrame) -> pl.DataFrame:
    clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    verification = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
    category = "http://terminology.hl7.org/CodeSystem/condition-category"
    return finish(
        _with_encounter(frame).with_columns(
            second=fill(',{"system":"http://snomed.info/sct","code":"<code_2>"}'),
            ends=fill(',"abatementDateTime":"<abatement>"'),
            recorded_on=local("recorded_at").str.head(10),
        ),
        "Condition",
        '"clinicalStatus":{"coding":[{"system":"' + clinical + '",'
        '"code":"<clinical>"}]},"verificationStatus":{"coding":[{"system":"' + verification + '","code":"confirmed"}]},'
        '"category":[{"coding":[{"system":"' + category + '","code":"<category>"}]}],'
        '"code":{"coding":[{"system":"<system>","code":"<code>"}<second?>]},"subject":{"reference":"Patient/<patient_id>"}'
        '<encounter?>,"onsetDateTime":"<onset>"<ends?>,"recordedDate":"<recorded_on>"',
    )


def medication_requests(frame: pl.DataFrame) -> pl.DataFrame:
    """`status` is active while the supply lasts."""
    return finish(
        _with_encounter(frame).with_columns(authored=local("at")),
        "MedicationRequest",
        '"status":"<status>","intent":"order",'
        '"medicationCodeableConcept":{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"<code>"}]},'
        '"subject":{"reference":"Patient/<patient_id>"}<encounter?>,"authoredOn":"<authored>",'
        '"requester":{"reference":"Practitioner/<practitioner_id>"},'
        '"dispenseRequest":{"numberOfRepeatsAllowed":<refills>,"expectedSupplyDuration":{"value":<days>,"unit":"days",'
        '"system":"http://unitsofmeasure.org","code":"d"}}',
    )


def medication_dispenses(frame: pl.DataFrame) -> pl.DataFrame:
    return finish(
        frame.with_columns(handed_over=local("at")),
        "MedicationDispense",
        '"status":"completed",'
        '"medicationCodeableConcept":{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"<code>"}]},'
        '"subject":{"reference":"Patient/<patient_id>"},"daysSupply":{"value":<days>,"unit":"days",'
        '"system":"http://unitsofmeasure.org","code":"d"},"whenHandedOver":"<handed_over>"',
    )


def service_requests(frame: pl.DataFrame) -> pl.DataFrame:
    return finish(
        _with_encounter(frame).with_columns(
            authored=local("at"),
            why=fill(',"reasonCode":[{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"<reason>"}]}]'),
            occurrence=fill(',"occurrenceDateTime":"<occurs_on>"'),
        ),
        "ServiceRequest",
        '"status":"<status>","intent":"order",'
        '"category":[{"text":"<kind>"}],"code":{"coding":[{"system":"<system>","code":"<code>"}]},'
        '"subject":{"reference":"Patient/<patient_id>"}<encounter?><occurrence?>,"authoredOn":"<authored>",'
        '"requester":{"reference":"Practitioner/<practitioner_id>"}<why?>',
    )


def tasks(frame: pl.DataFrame) -> pl.DataFrame:
    """`status` is completed once the consultant's report came, at `ended`."""
    return finish(
        frame.with_columns(
            authored=local("asked_at"),
            ended=local("reported_at"),
            report=pl.when(pl.col("reported_at").is_not_null()).then(
                pl.lit(',"reasonCode":{"coding":[{"system":"http://loinc.org","code":"11488-4"}]}')
            ),
        ).with_columns(period_end=fill(',"end":"<ended>"')),
        "Task",
        '"status":"<status>","intent":"order",'
        '"code":{"coding":[{"system":"http://hl7.org/fhir/CodeSystem/task-code","code":"fulfill"}]},'
        '"basedOn":[{"reference":"ServiceRequest/<based_on>"}],"for":{"reference":"Patient/<patient_id>"},'
        '"executionPeriod":{"start":"<authored>"<period_end?>},"authoredOn":"<authored>"<report?>',
    )


def diagnostic_reports(frame: pl.DataFrame) -> pl.DataFrame:
    return finish(
        _with_encounter(frame).with_columns(
            effective=local("at"), issued=local("recorded_at"), found=fill(',"result":[<results>]')
        ),
        "DiagnosticReport",
        '"status":"final",'
        '"category":[{"coding":[{"system":"<category_system>","code":"<category>"}]}],'
        '"code":{"coding":[{"system":"http://loinc.org","code":"<code>"}]},"subject":{"reference":"Patient/<patient_id>"}'
        '<encounter?>,"effectiveDateTime":"<effective>","issued":"<issued>"<found?>',
    )


def communications(frame: pl.DataFrame) -> pl.DataFrame:
    return finish(
        frame.with_columns(sent=local("at")),
        "Communication",
        '"status":"completed","category":[{"text":"<purpose>"}],'
        '"medium":[{"text":"<channel>"}],"subject":{"reference":"Patient/<patient_id>"},"sent":"<sent>"',
    )


def letters(frame: pl.DataFrame) -> pl.DataFrame:
    """Communications to colleagues of what was found (`code`, SNOMED)."""
    return finish(
        frame.with_columns(sent=local("at")),
        "Communication",
        '"status":"completed","category":[{"coding":[{"system":"http://snomed.info/sct","code":"<code>"}]}],'
        '"subject":{"reference":"Patient/<patient_id>"},"sent":"<sent>"',
    )


def allergies(frame: pl.DataFrame) -> pl.DataFrame:
    """Active allergies to an ingredient (`code`, RxNorm)."""
    base = "http://terminology.hl7.org/CodeSystem/allergyintolerance-"
    return finish(
        frame,
        "AllergyIntolerance",
        '"clinicalStatus":{"coding":[{"system":"' + base + 'clinical","code":"active"}]},'
        '"verificationStatus":{"coding":[{"system":"' + base + 'verification","code":"confirmed"}]},'
        '"code":{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"<code>"}]},'
        '"patient":{"reference":"Patient/<patient_id>"},"onsetDateTime":"<onset>"',
    )
