"""The FHIR R4 resources that an EHR's bulk export delivers, with the elements that Caregap reads.

Element names, nesting and choice elements (`onsetDateTime`, `onsetPeriod`) are those of FHIR R4, so that a row of landing is the
resource, cut down. An element that is not listed is not landed; a resource type that is not listed is counted and
left where it was delivered. Dates and times stay text here: `2019` and `2019-04` are legal, and staging resolves them to days.
"""

from typing import Any

import pandera.polars as pa
import polars as pl

from models.contract import Contract, Dtype, field, optional
from models.phi import Phi

STRING, BOOLEAN, INTEGER, NUMBER = pl.String, pl.Boolean, pl.Int64, pl.Float64


def _struct(**elements: Dtype) -> pl.Struct:
    return pl.Struct(elements)


CODING = _struct(system=STRING, code=STRING, display=STRING)
CONCEPT = _struct(coding=pl.List(CODING), text=STRING)
CONCEPTS = pl.List(CONCEPT)
IDENTIFIER = _struct(use=STRING, type=CONCEPT, system=STRING, value=STRING)
REFERENCE = _struct(reference=STRING, display=STRING, identifier=_struct(system=STRING, value=STRING))
REFERENCES = pl.List(REFERENCE)
PERIOD = _struct(start=STRING, end=STRING)
QUANTITY = _struct(value=NUMBER, comparator=STRING, unit=STRING, system=STRING, code=STRING)
RANGE = _struct(low=QUANTITY, high=QUANTITY)
MONEY = _struct(value=NUMBER, currency=STRING)
NAME = _struct(use=STRING, text=STRING, family=STRING, given=pl.List(STRING), prefix=pl.List(STRING), suffix=pl.List(STRING))
TELECOM = _struct(system=STRING, value=STRING, use=STRING, rank=INTEGER, period=PERIOD)
ADDRESS = _struct(use=STRING, line=pl.List(STRING), city=STRING, state=STRING, postalCode=STRING, country=STRING, period=PERIOD)
META = _struct(lastUpdated=STRING, versionId=STRING, profile=pl.List(STRING), tag=pl.List(CODING))
EXTENSION = _struct(
    url=STRING,
    valueString=STRING,
    valueCode=STRING,
    valueBoolean=BOOLEAN,
    valueDateTime=STRING,
    valueCoding=CODING,
    valueCodeableConcept=CONCEPT,
    extension=pl.List(_struct(url=STRING, valueString=STRING, valueCode=STRING, valueCoding=CODING)),
)
EXTENSIONS = pl.List(EXTENSION)
DOSAGE = _struct(
    text=STRING,
    timing=_struct(
        code=CONCEPT,
        event=pl.List(STRING),
        repeat=_struct(
            boundsPeriod=PERIOD,
            boundsDuration=QUANTITY,
            boundsRange=RANGE,
            count=INTEGER,
            countMax=INTEGER,
            frequency=INTEGER,
            frequencyMax=INTEGER,
            period=NUMBER,
            periodMax=NUMBER,
            periodUnit=STRING,
            timeOfDay=pl.List(STRING),
            when=pl.List(STRING),
        ),
    ),
    doseAndRate=pl.List(_struct(doseQuantity=QUANTITY, doseRange=RANGE)),
)
DISPENSE_REQUEST = _struct(
    validityPeriod=PERIOD, numberOfRepeatsAllowed=INTEGER, quantity=QUANTITY, expectedSupplyDuration=QUANTITY
)


def _patient(description: str = "The patient.") -> pa.Column:
    return field(REFERENCE, description, phi=Phi.DIRECT, nullable=True)


def _date_time(description: str) -> pa.Column:
    return optional(STRING, description, Phi.QUASI)


def _resource(name: str, grain: str, elements: dict[str, Any], notes: str = "") -> Contract:
    every = {
        "id": field(STRING, "The server's id of the resource.", phi=Phi.DIRECT),
        "meta": optional(META, "Version, last change, profiles and tags."),
    }
    return Contract(name, grain, ("id",), every | elements, notes)


_STATUS = optional(STRING, "Status code of the resource.")
_CODE = optional(CONCEPT, "What it is, in one or more code systems.")
_CATEGORY = optional(CONCEPTS, "Categories.")
_ENCOUNTER = optional(REFERENCE, "The visit that it belongs to.", Phi.DIRECT)
_IDENTIFIERS = optional(pl.List(IDENTIFIER), "Identifiers given by registers.", Phi.DIRECT)
_NOT_DONE_REASON = optional(EXTENSIONS, "Extensions; among them the reason why something was not done.")
_REASON_CODES = optional(CONCEPTS, "Why.")
_AUTHORED_ON = _date_time("When it was written.")
_RECORDED = _date_time("When it was written into the record.")
_EFFECTIVE = {
    "effectiveDateTime": _date_time("When it was true, as a date and time."),
    "effectivePeriod": optional(PERIOD, "When it was true: a period.", Phi.QUASI),
    "effectiveInstant": _date_time("When it was true: an instant."),
}
_VALUE = {
    "valueQuantity": optional(QUANTITY, "The result: a quantity."),
    "valueCodeableConcept": optional(CONCEPT, "The result: a code."),
    "valueString": optional(STRING, "The result: text.", Phi.QUASI),
    "valueBoolean": optional(BOOLEAN, "The result: yes or no."),
    "valueInteger": optional(INTEGER, "The result: a whole number."),
    "valueDateTime": _date_time("The result, as a date and time."),
    "valueTime": _date_time("The result: a time of day."),
    "valuePeriod": optional(PERIOD, "The result: a period.", Phi.QUASI),
    "valueRange": optional(RANGE, "The result: a range."),
    "valueRatio": optional(_struct(numerator=QUANTITY, denominator=QUANTITY), "The result: a ratio."),
    "valueSampledData": optional(_struct(period=NUMBER, dimensions=INTEGER, data=STRING), "The result: a series."),
    "dataAbsentReason": optional(CONCEPT, "Why there is no result."),
}
_COMPONENT = _struct(
    code=CONCEPT,
    valueQuantity=QUANTITY,
    valueCodeableConcept=CONCEPT,
    valueString=STRING,
    valueInteger=INTEGER,
    dataAbsentReason=CONCEPT,
)

_CONTRACTS = (
    _resource(
        "Patient",
        "patient of the EHR",
        {
            "identifier": _IDENTIFIERS,
            "active": optional(BOOLEAN, "The record is in use."),
            "name": optional(pl.List(NAME), "Names, with their use.", Phi.DIRECT),
            "telecom": optional(pl.List(TELECOM), "Telephone numbers and e-mail addresses.", Phi.DIRECT),
            "gender": optional(STRING, "Administrative gender.", Phi.QUASI),
            "birthDate": _date_time("Date of birth; may be a year or a month."),
            "deceasedBoolean": optional(BOOLEAN, "The person has died.", Phi.QUASI),
            "deceasedDateTime": _date_time("When the person died."),
            "address": optional(pl.List(ADDRESS), "Addresses.", Phi.DIRECT),
            "communication": optional(pl.List(_struct(language=CONCEPT, preferred=BOOLEAN)), "Languages.", Phi.QUASI),
            "generalPractitioner": optional(REFERENCES, "The primary care provider."),
            "managingOrganization": optional(REFERENCE, "The organization that keeps the record."),
            "link": optional(pl.List(_struct(other=REFERENCE, type=STRING)), "Other records of the same person.", Phi.DIRECT),
            "extension": optional(EXTENSIONS, "Extensions: US Core race, ethnicity, sex.", Phi.QUASI),
        },
    ),
    _resource(
        "Practitioner",
        "practitioner",
        {
            "identifier": _IDENTIFIERS,
            "active": optional(BOOLEAN, "The practitioner works here."),
            "name": optional(pl.List(NAME), "Names of the practitioner."),
        },
    ),
    _resource(
        "PractitionerRole",
        "role that a practitioner has at a site",
        {
            "active": optional(BOOLEAN, "The role is held now."),
            "period": optional(PERIOD, "When it was held."),
            "practitioner": optional(REFERENCE, "Who has it."),
            "organization": optional(REFERENCE, "The organization."),
            "location": optional(REFERENCES, "The sites."),
            "specialty": optional(CONCEPTS, "Specialties."),
        },
    ),
    _resource(
        "Organization",
        "organization",
        {
            "identifier": _IDENTIFIERS,
            "active": optional(BOOLEAN, "The organization is in use."),
            "type": optional(CONCEPTS, "Kind of organization; a payer has `pay`."),
            "name": optional(STRING, "Its name."),
        },
    ),
    _resource(
        "Location",
        "site",
        {
            "status": _STATUS,
            "type": optional(CONCEPTS, "Kinds of care given there."),
            "identifier": optional(pl.List(IDENTIFIER), "Identifiers, by which other resources may name it."),
            "name": optional(STRING, "Its name."),
            "address": optional(ADDRESS, "Its address."),
            "managingOrganization": optional(REFERENCE, "The organization that runs it."),
        },
    ),
    _resource(
        "Encounter",
        "visit",
        {
            "status": _STATUS,
            "class": optional(CODING, "Class: ambulatory, virtual, inpatient …"),
            "type": optional(CONCEPTS, "Types of visit."),
            "subject": _patient(),
            "participant": optional(pl.List(_struct(individual=REFERENCE)), "Who took part."),
            "appointment": optional(REFERENCES, "The appointments that it was booked by."),
            "period": optional(PERIOD, "From when to when.", Phi.QUASI),
            "reasonCode": _REASON_CODES,
            "reasonReference": optional(REFERENCES, "Why: the diagnoses.", Phi.DIRECT),
            "diagnosis": optional(pl.List(_struct(condition=REFERENCE, use=CONCEPT, rank=INTEGER)), "Diagnoses of the visit."),
            "hospitalization": optional(_struct(dischargeDisposition=CONCEPT), "Where the patient was discharged to."),
            "location": optional(pl.List(_struct(location=REFERENCE)), "Where it took place."),
            "serviceProvider": optional(REFERENCE, "The organization."),
        },
    ),
    _resource(
        "Appointment",
        "appointment",
        {
            "identifier": _IDENTIFIERS,
            "status": _STATUS,
            "cancelationReason": optional(CONCEPT, "Why it was cancelled, and by whom."),
            "serviceType": optional(CONCEPTS, "What is to be done."),
            "appointmentType": optional(CONCEPT, "Kind: routine, follow-up, walk-in …"),
            "start": _date_time("Booked start."),
            "end": _date_time("Booked end."),
            "minutesDuration": optional(INTEGER, "Booked minutes."),
            "created": _date_time("When it was booked."),
            "basedOn": optional(REFERENCES, "The order that it carries out."),
            "participant": optional(
                pl.List(_struct(actor=REFERENCE, status=STRING)), "Patient, practitioner and site.", Phi.DIRECT
            ),
            "extension": optional(
                EXTENSIONS,
                "Extensions: `…/appointment-cancelled-at`, `…/appointment-booked-via`, `…/appointment-checked-in-at`, "
                "`…/appointment-rebooked-from`.",
            ),
        },
    ),
    _resource(
        "Group",
        "group of patients, such as those of a class",
        {
            "active": optional(BOOLEAN, "The group is in use."),
            "member": optional(
                pl.List(_struct(entity=REFERENCE, period=PERIOD, inactive=BOOLEAN)), "Who belongs to it.", Phi.DIRECT
            ),
        },
        notes="Read for appointments and visits of several patients.",
    ),
    _resource(
        "Condition",
        "diagnosis or problem",
        {
            "clinicalStatus": optional(CONCEPT, "Clinical status."),
            "verificationStatus": optional(CONCEPT, "Verification status."),
            "category": _CATEGORY,
            "severity": optional(CONCEPT, "Severity."),
            "code": _CODE,
            "bodySite": optional(CONCEPTS, "Where in the body."),
            "subject": _patient(),
            "encounter": _ENCOUNTER,
            "onsetDateTime": _date_time("Onset, as a date and time."),
            "onsetPeriod": optional(PERIOD, "Onset: a period.", Phi.QUASI),
            "onsetAge": optional(QUANTITY, "Onset: an age.", Phi.QUASI),
            "onsetRange": optional(RANGE, "Onset: a range of ages.", Phi.QUASI),
            "onsetString": optional(STRING, "Onset: text.", Phi.QUASI),
            "abatementDateTime": _date_time("End, as a date and time."),
            "abatementPeriod": optional(PERIOD, "End: a period.", Phi.QUASI),
            "abatementAge": optional(QUANTITY, "End: an age.", Phi.QUASI),
            "abatementRange": optional(RANGE, "End: a range of ages.", Phi.QUASI),
            "abatementString": optional(STRING, "End: text.", Phi.QUASI),
            "recordedDate": _RECORDED,
        },
    ),
    _resource(
        "Observation",
        "observation: a laboratory result, vital sign, answer or finding",
        {
            "status": _STATUS,
            "category": _CATEGORY,
            "code": _CODE,
            "subject": _patient(),
            "encounter": _ENCOUNTER,
            **_EFFECTIVE,
            "issued": _date_time("When it was made available."),
            **_VALUE,
            "component": optional(pl.List(_COMPONENT), "Parts, such as systolic and diastolic pressure."),
            "extension": _NOT_DONE_REASON,
        },
    ),
    _resource(
        "Procedure",
        "procedure",
        {
            "status": _STATUS,
            "statusReason": optional(CONCEPT, "Why it was not done."),
            "category": optional(CONCEPT, "Category."),
            "code": _CODE,
            "subject": _patient(),
            "encounter": _ENCOUNTER,
            "performedDateTime": _date_time("When it was done, as a date and time."),
            "performedPeriod": optional(PERIOD, "When it was done: a period.", Phi.QUASI),
            "performedString": optional(STRING, "When it was done: text.", Phi.QUASI),
            "performedAge": optional(QUANTITY, "When it was done: an age.", Phi.QUASI),
            "performedRange": optional(RANGE, "When it was done: a range of ages.", Phi.QUASI),
            "reasonCode": _REASON_CODES,
            "extension": _NOT_DONE_REASON,
        },
    ),
    _resource(
        "Immunization",
        "immunization",
        {
            "status": _STATUS,
            "statusReason": optional(CONCEPT, "Why it was not given."),
            "vaccineCode": optional(CONCEPT, "The vaccine."),
            "patient": _patient(),
            "encounter": _ENCOUNTER,
            "occurrenceDateTime": _date_time("When it was given."),
            "occurrenceString": optional(STRING, "When it was given: text.", Phi.QUASI),
            "recorded": _RECORDED,
            "primarySource": optional(BOOLEAN, "Recorded by the practice that gave it."),
        },
    ),
    _resource(
        "MedicationRequest",
        "medication order",
        {
            "status": _STATUS,
            "statusReason": optional(CONCEPT, "Why it has this status."),
            "intent": optional(STRING, "Order, plan, proposal …"),
            "category": _CATEGORY,
            "doNotPerform": optional(BOOLEAN, "The order is not to give it."),
            "medicationCodeableConcept": optional(CONCEPT, "The medication: a code."),
            "medicationReference": optional(REFERENCE, "The medication: a resource."),
            "subject": _patient(),
            "encounter": _ENCOUNTER,
            "authoredOn": _AUTHORED_ON,
            "requester": optional(REFERENCE, "Who ordered it."),
            "reasonCode": _REASON_CODES,
            "dosageInstruction": optional(pl.List(DOSAGE), "How to take it."),
            "dispenseRequest": optional(DISPENSE_REQUEST, "How much to dispense."),
        },
    ),
    _resource(
        "MedicationDispense",
        "dispensing of a medication",
        {
            "status": _STATUS,
            "medicationCodeableConcept": optional(CONCEPT, "The medication: a code."),
            "medicationReference": optional(REFERENCE, "The medication: a resource."),
            "subject": _patient(),
            "quantity": optional(QUANTITY, "How much."),
            "daysSupply": optional(QUANTITY, "For how long."),
            "whenPrepared": _date_time("When it was prepared."),
            "whenHandedOver": _date_time("When it was handed over."),
            "dosageInstruction": optional(pl.List(DOSAGE), "How to take it."),
        },
    ),
    _resource("Medication", "medication", {"code": _CODE}),
    _resource(
        "ServiceRequest",
        "order of a service",
        {
            "status": _STATUS,
            "intent": optional(STRING, "Order, plan, proposal …"),
            "category": _CATEGORY,
            "priority": optional(STRING, "Priority."),
            "doNotPerform": optional(BOOLEAN, "The order is not to do it."),
            "code": _CODE,
            "subject": _patient(),
            "encounter": _ENCOUNTER,
            "occurrenceDateTime": _date_time("When it is to be done, as a date and time."),
            "occurrencePeriod": optional(PERIOD, "When it is to be done: a period.", Phi.QUASI),
            "authoredOn": _AUTHORED_ON,
            "requester": optional(REFERENCE, "Who ordered it."),
            "performerType": optional(CONCEPT, "Kind of performer."),
            "reasonCode": _REASON_CODES,
            "extension": _NOT_DONE_REASON,
        },
    ),
    _resource(
        "DeviceRequest",
        "order of a device",
        {
            "status": _STATUS,
            "intent": optional(STRING, "Order, plan, proposal …"),
            "codeCodeableConcept": optional(CONCEPT, "The device."),
            "subject": _patient(),
            "authoredOn": _AUTHORED_ON,
            "modifierExtension": optional(EXTENSIONS, "Extensions that change the meaning: doNotPerform."),
        },
    ),
    _resource(
        "DiagnosticReport",
        "diagnostic report",
        {
            "status": _STATUS,
            "category": _CATEGORY,
            "code": _CODE,
            "subject": _patient(),
            "encounter": _ENCOUNTER,
            **_EFFECTIVE,
            "issued": _date_time("When it was made available."),
            "result": optional(REFERENCES, "The observations that it reports."),
        },
    ),
    _resource(
        "Coverage",
        "coverage of a patient by a payer",
        {
            "status": _STATUS,
            "type": optional(CONCEPT, "Kind of coverage."),
            "beneficiary": _patient(),
            "subscriberId": optional(STRING, "Member number.", Phi.DIRECT),
            "period": optional(PERIOD, "When it is in force.", Phi.QUASI),
            "payor": optional(REFERENCES, "The payer."),
            "order": optional(INTEGER, "1: billed first."),
        },
    ),
    _resource(
        "Claim",
        "claim for services, as the EHR made it",
        {
            "status": _STATUS,
            "use": optional(STRING, "Claim, preauthorization or predetermination."),
            "patient": _patient(),
            "created": _date_time("When it was made."),
            "diagnosis": optional(
                pl.List(_struct(sequence=INTEGER, diagnosisCodeableConcept=CONCEPT, diagnosisReference=REFERENCE, type=CONCEPTS)),
                "Diagnoses, of which the items name those that they are for.",
                Phi.DIRECT,
            ),
            "item": optional(
                pl.List(_struct(sequence=INTEGER, diagnosisSequence=pl.List(INTEGER), encounter=REFERENCES)),
                "Services, and the visits that they were given at.",
                Phi.DIRECT,
            ),
        },
        notes="Read for the principal diagnosis of a stay. Money comes from billing.",
    ),
    _resource(
        "ExplanationOfBenefit",
        "payer's statement on a claim",
        {
            "status": _STATUS,
            "patient": _patient(),
            "billablePeriod": optional(PERIOD, "Days that were billed.", Phi.QUASI),
            "created": _date_time("When it was made."),
            "insurer": optional(REFERENCE, "The payer."),
            "contained": optional(
                pl.List(_struct(resourceType=STRING, id=STRING, type=CONCEPT, payor=REFERENCES)),
                "Resources inside it; among them the coverage.",
            ),
        },
        notes="Read for the coverage that some servers put nowhere else.",
    ),
    _resource(
        "Communication",
        "message that was sent",
        {
            "status": _STATUS,
            "statusReason": optional(CONCEPT, "Why it was not sent."),
            "category": _CATEGORY,
            "medium": optional(CONCEPTS, "Channel."),
            "subject": _patient(),
            "encounter": _ENCOUNTER,
            "basedOn": optional(REFERENCES, "What it carries out."),
            "sent": _date_time("When it was sent."),
            "received": _date_time("When it was received."),
            "reasonCode": _REASON_CODES,
            "extension": optional(EXTENSIONS, "Extensions; among them when it was recorded that it was not sent."),
        },
    ),
    _resource(
        "Task",
        "task",
        {
            "status": _STATUS,
            "statusReason": optional(CONCEPT, "Why it has this status."),
            "intent": optional(STRING, "Order, plan, proposal …"),
            "code": _CODE,
            "basedOn": optional(REFERENCES, "The order that it carries out."),
            "focus": optional(REFERENCE, "What it acts on."),
            "for": _patient(),
            "executionPeriod": optional(PERIOD, "From when to when it was done.", Phi.QUASI),
            "authoredOn": _AUTHORED_ON,
            "reasonCode": optional(CONCEPT, "Why."),
        },
    ),
    _resource(
        "AllergyIntolerance",
        "allergy or intolerance",
        {
            "clinicalStatus": optional(CONCEPT, "Clinical status."),
            "verificationStatus": optional(CONCEPT, "Verification status."),
            "code": _CODE,
            "patient": _patient(),
            "onsetDateTime": _date_time("Onset, as a date and time."),
            "onsetPeriod": optional(PERIOD, "Onset: a period.", Phi.QUASI),
            "onsetAge": optional(QUANTITY, "Onset: an age.", Phi.QUASI),
            "onsetRange": optional(RANGE, "Onset: a range of ages.", Phi.QUASI),
            "lastOccurrence": _date_time("When it last occurred."),
            "recordedDate": _RECORDED,
        },
    ),
    _resource(
        "AdverseEvent",
        "adverse event",
        {
            "actuality": optional(STRING, "Actual or potential."),
            "event": optional(CONCEPT, "What happened."),
            "subject": _patient(),
            "date": _date_time("When it happened."),
            "detected": _date_time("When it was noticed."),
            "recordedDate": _RECORDED,
        },
    ),
)

EXTRACTS: dict[str, Contract] = {contract.name: contract for contract in _CONTRACTS}
