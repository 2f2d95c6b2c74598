"""A report as QRDA Category III.

HL7 QRDA III, STU release 2.1 (QRDA Category III Report V5), with the constraints of CMS's guide for 2026: Report CMS V10, Measure
Section CMS V6, Measure Reference and Results CMS V6, Measure Data CMS V5, Performance Rate CMS V4, Sex CMS, Payer CMS V3.
"""

from dataclasses import dataclass
from datetime import date
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree

from pipelines.exports.qrda.counts import MeasureCounts, Population
from pipelines.exports.qrda.entities import Entity

V3, XSI = "urn:hl7-org:v3", "http://www.w3.org/2001/XMLSchema-instance"
LOINC, SNOMED, ACT_CODE, CDC_RACE = (
    "2.16.840.1.113883.6.1",
    "2.16.840.1.113883.6.96",
    "2.16.840.1.113883.5.4",
    "2.16.840.1.113883.6.238",
)
PAYERS = "2.16.840.1.113883.3.249.12"
CODES: dict[str, dict[str, str]] = {
    "sex": {"female": "248152002", "male": "248153007"},
    "race": {
        "american_indian_or_alaska_native": "1002-5",
        "asian": "2028-9",
        "black_or_african_american": "2054-5",
        "native_hawaiian_or_other_pacific_islander": "2076-8",
        "white": "2106-3",
        "other": "2131-1",
        "multiple": "2131-1",
    },
    "ethnicity": {"hispanic_or_latino": "2135-2", "not_hispanic_or_latino": "2186-5"},
    "payer_class": {"medicare": "A", "medicaid": "B", "commercial": "C"},
}
"""Federal Administrative Sex; CDC race and ethnicity; CMS Payer Groupings, in which every other payer is D."""


@dataclass(frozen=True)
class Report:
    """What one entity reports of a calendar year; `certification` is the EHR's CMS certification id, `published_at` UTC."""

    entity: Entity
    practice_id: str
    practice_name: str
    certification: str
    published_at: str
    publication: str
    year: int
    measures: list[MeasureCounts]


def document(report: Report) -> bytes:
    """The report as XML in UTF-8. The same report gives the same bytes."""
    root = ElementTree.Element("ClinicalDocument", {"xmlns": V3, "xmlns:xsi": XSI})
    _add(root, "realmCode", code="US")
    _add(root, "typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040")
    _template(root, "2.16.840.1.113883.10.20.27.1.1", "2020-12-01")
    _template(root, "2.16.840.1.113883.10.20.27.1.2", "2025-05-01")
    _add(root, "id", root=_uuid(report, "document"))
    _add(
        root,
        "code",
        code="55184-6",
        codeSystem=LOINC,
        displayName="Quality Reporting Document Architecture Calculated Summary Report",
    )
    _add(root, "title").text = "QRDA Calculated Summary Report"
    written_at = "".join(digit for digit in report.published_at[:19] if digit.isdigit()) + "+0000"
    _add(root, "effectiveTime", value=written_at)
    _add(root, "confidentialityCode", code="N", codeSystem="2.16.840.1.113883.5.25")
    _add(root, "languageCode", code="en")
    _add(root, "versionNumber", value="1")
    _add(_add(_add(root, "recordTarget"), "patientRole"), "id", nullFlavor="NA")
    _author(root, report, written_at)
    custodian = _add(_add(_add(root, "custodian"), "assignedCustodian"), "representedCustodianOrganization")
    _organization(custodian, report)
    recipient = _add(_add(root, "informationRecipient"), "intendedRecipient")
    _add(recipient, "id", root="2.16.840.1.113883.3.249.7", extension=report.entity.program)
    _authenticator(root, report, written_at)
    device = _add(_add(root, "participant", typeCode="DEV"), "associatedEntity", classCode="RGPR")
    _add(device, "id", root="2.16.840.1.113883.3.2074.1", extension=report.certification)
    _add(device, "code", code="129465004", codeSystem=SNOMED)
    _performer(root, report)
    _section(_add(_add(_add(root, "component"), "structuredBody"), "component"), report)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _author(root: ElementTree.Element, report: Report, written_at: str) -> None:
    author = _add(root, "author")
    _add(author, "time", value=written_at)
    assigned = _add(author, "assignedAuthor")
    _add(assigned, "id", nullFlavor="NA")
    _add(_add(assigned, "assignedAuthoringDevice"), "softwareName").text = "Caregap"
    _organization(_add(assigned, "representedOrganization"), report)


def _authenticator(root: ElementTree.Element, report: Report, written_at: str) -> None:
    """The practice answers for what it hands in."""
    authenticator = _add(root, "legalAuthenticator")
    _add(authenticator, "time", value=written_at)
    _add(authenticator, "signatureCode", code="S")
    assigned = _add(authenticator, "assignedEntity")
    _add(assigned, "id", nullFlavor="NA")
    _organization(_add(assigned, "representedOrganization"), report)


def _organization(place: ElementTree.Element, report: Report) -> None:
    _add(place, "id", root=_uuid(report, "organization"))
    _add(place, "name").text = report.practice_name


def _performer(root: ElementTree.Element, report: Report) -> None:
    event = _add(_add(root, "documentationOf", typeCode="DOC"), "serviceEvent", classCode="PCPR")
    period = _add(event, "effectiveTime")
    _period(period, report.year)
    assigned = _add(_add(event, "performer", typeCode="PRF"), "assignedEntity")
    npi = {"extension": report.entity.npi} if report.entity.npi else {"nullFlavor": "NA"}
    _add(assigned, "id", root="2.16.840.1.113883.4.6", **npi)
    organization = _add(assigned, "representedOrganization")
    _add(organization, "id", root="2.16.840.1.113883.4.2", extension=report.entity.tin)
    _add(organization, "name").text = report.practice_name


def _section(place: ElementTree.Element, report: Report) -> None:
    section = _add(place, "section")
    _template(section, "2.16.840.1.113883.10.20.24.2.2")
    _template(section, "2.16.840.1.113883.10.20.27.2.1", "2020-12-01")
    _template(section, "2.16.840.1.113883.10.20.27.2.3", "2025-05-01")
    _add(section, "code", code="55186-1", codeSystem=LOINC)
    _add(section, "title").text = "Measure Section"
    listed = _add(_add(section, "text"), "list")
    for one in report.measures:
        _add(
            listed, "item"
        ).text = f"{one.measure_code} {one.title}: {', '.join(_rate(group) or 'no rate' for group in one.groups)}"
    parameters = _add(_add(section, "entry", typeCode="DRIV"), "act", classCode="ACT", moodCode="EVN")
    _template(parameters, "2.16.840.1.113883.10.20.17.3.8", "2020-12-01")
    _add(parameters, "id", root=_uuid(report, "parameters"))
    _add(parameters, "code", code="252116004", codeSystem=SNOMED, displayName="Observation Parameters")
    _period(_add(parameters, "effectiveTime"), report.year)
    for one in report.measures:
        _measure(_add(section, "entry"), report, one)


def _measure(entry: ElementTree.Element, report: Report, measure: MeasureCounts) -> None:
    organizer = _add(entry, "organizer", classCode="CLUSTER", moodCode="EVN")
    _template(organizer, "2.16.840.1.113883.10.20.24.3.98")
    _template(organizer, "2.16.840.1.113883.10.20.27.3.1", "2020-12-01")
    _template(organizer, "2.16.840.1.113883.10.20.27.3.17", "2025-05-01")
    _add(organizer, "id", root=_uuid(report, measure.measure_code))
    _add(organizer, "statusCode", code="completed")
    cited = _add(_add(organizer, "reference", typeCode="REFR"), "externalDocument", classCode="DOC", moodCode="EVN")
    _add(cited, "id", root="2.16.840.1.113883.4.738", extension=measure.id)
    _add(cited, "code", code="57024-2", codeSystem=LOINC, displayName="Health Quality Measure Document")
    _add(cited, "text").text = measure.title
    for group in measure.groups:
        _performance_rate(_add(organizer, "component"), group)
        for population in group:
            _measure_data(_add(organizer, "component"), population)


def _performance_rate(place: ElementTree.Element, group: list[Population]) -> None:
    observation = _observation(place, ("3.14", "2020-12-01"), ("3.25", "2022-05-01"), ("3.30", "2016-09-01"))
    _add(observation, "code", code="72510-1", codeSystem=LOINC, displayName="Performance Rate")
    _add(observation, "statusCode", code="completed")
    rate = _rate(group)
    _add(observation, "value", **{"xsi:type": "REAL"}, **({"value": rate} if rate else {"nullFlavor": "NA"}))
    numerator = next(one for one in group if one.code == "NUMER")
    cited = _external(observation, numerator.id)
    _add(cited, "code", code="NUMER", codeSystem=ACT_CODE)


def _rate(group: list[Population]) -> str:
    """Numerator over denominator without exclusions and exceptions, to six digits; empty without one."""
    n = {one.code: one.n for one in group}
    eligible = n["DENOM"] - n.get("DENEX", 0) - n.get("DENEXCEP", 0)
    return f"{n['NUMER'] / eligible:.6f}" if eligible else ""


def _measure_data(place: ElementTree.Element, population: Population) -> None:
    observation = _observation(place, ("3.5", "2016-09-01"), ("3.16", "2025-05-01"))
    _add(observation, "code", code="ASSERTION", codeSystem=ACT_CODE)
    _add(observation, "statusCode", code="completed")
    _add(observation, "value", **{"xsi:type": "CD"}, code=population.code, codeSystem=ACT_CODE)
    _count(observation, population.n)
    for stratum_id, name, n in population.strata:
        stratum = _observation(_add(observation, "entryRelationship", typeCode="COMP"), ("3.4", ""))
        _add(stratum, "code", code="ASSERTION", codeSystem=ACT_CODE)
        _add(stratum, "statusCode", code="completed")
        _add(_add(stratum, "value", **{"xsi:type": "CD"}, nullFlavor="OTH"), "originalText").text = name
        _count(stratum, n)
        _external(stratum, stratum_id)
    for name, counted in population.by.items():
        _supplemental(observation, name, counted)
    _external(observation, population.id)


TEMPLATES: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "sex": ("76689-9", [("3.6", "2016-09-01"), ("3.21", "2025-05-01")]),
    "race": ("72826-1", [("3.8", "2016-09-01")]),
    "ethnicity": ("69490-1", [("3.7", "2016-09-01")]),
    "payer_class": ("48768-6", [("3.9", "2016-02-01"), ("3.18", "2018-05-01")]),
}
"""The code of each and its templates."""


def _supplemental(place: ElementTree.Element, name: str, counted: dict[str, int]) -> None:
    """A count for each value, of nobody too, since a population without one of the four is refused.

    Sex and payer are translations, as CMS has them; who has no sex on record is in none.
    """
    loinc, templates = TEMPLATES[name]
    n_by_code = dict.fromkeys(CODES[name].values(), 0)
    for value, n in counted.items():
        code = CODES[name].get(value, "D" if name == "payer_class" else "")
        n_by_code[code] = n_by_code.get(code, 0) + n
    for code, n in sorted(n_by_code.items()):
        if name == "sex" and not code:
            continue
        observation = _observation(_add(place, "entryRelationship", typeCode="COMP"), *templates)
        _add(observation, "code", code=loinc, codeSystem=LOINC)
        _add(observation, "statusCode", code="completed")
        if name in ("sex", "payer_class"):
            shown = _add(observation, "value", **{"xsi:type": "CD"}, nullFlavor="OTH")
            _add(shown, "translation", code=code, codeSystem=SNOMED if name == "sex" else PAYERS)
        elif code:
            _add(observation, "value", **{"xsi:type": "CD"}, code=code, codeSystem=CDC_RACE)
        else:
            _add(observation, "value", **{"xsi:type": "CD"}, nullFlavor="UNK")
        _count(observation, n)


def _count(place: ElementTree.Element, n: int) -> None:
    observation = _observation(_add(place, "entryRelationship", typeCode="SUBJ", inversionInd="true"), ("3.3", ""))
    _add(observation, "code", code="MSRAGG", codeSystem=ACT_CODE)
    _add(observation, "value", **{"xsi:type": "INT"}, value=str(n))
    _add(observation, "methodCode", code="COUNT", codeSystem="2.16.840.1.113883.5.84")


def _external(place: ElementTree.Element, of_id: str) -> ElementTree.Element:
    external = _add(_add(place, "reference", typeCode="REFR"), "externalObservation", classCode="OBS", moodCode="EVN")
    _add(external, "id", root=of_id)
    return external


def _observation(place: ElementTree.Element, *templates: tuple[str, str]) -> ElementTree.Element:
    observation = _add(place, "observation", classCode="OBS", moodCode="EVN")
    for template, version in templates:
        _template(observation, f"2.16.840.1.113883.10.20.27.{template}", version)
    return observation


def _period(place: ElementTree.Element, year: int) -> None:
    _add(place, "low", value=f"{date(year, 1, 1):%Y%m%d}")
    _add(place, "high", value=f"{date(year, 12, 31):%Y%m%d}")


def _template(place: ElementTree.Element, root: str, version: str = "") -> None:
    _add(place, "templateId", root=root, **({"extension": version} if version else {}))


def _add(place: ElementTree.Element, tag: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.SubElement(place, tag, attributes)


def _uuid(report: Report, what: str) -> str:
    entity = report.entity
    return str(
        uuid5(NAMESPACE_URL, f"urn:caregap:{report.publication}:{entity.program}:{entity.tin}:{entity.npi}:{report.year}:{what}")
    )
