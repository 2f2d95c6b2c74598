"""QRDA III holds the warehouse's counts as CMS's guide for 2026 asks, one file for each who reports."""

import csv
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import duckdb
import pytest
from lxml import etree

from pipelines.errors import UsageError
from pipelines.exports.qrda.counts import counts_of
from pipelines.exports.qrda.document import Report, document
from pipelines.exports.qrda.entities import Entity, entities, is_npi
from pipelines.exports.qrda.files import write_qrda
from pipelines.home import Home

MEASURES = {"CMS125": ("IPOP", "DENOM", "DENEX", "NUMER"), "CMS138": ("IPOP", "DENOM", "DENEX", "NUMER")}
GROUPS = {"CMS125": ("Group_1",), "CMS138": ("Group_1", "Group_2", "Group_3")}
STRATA = {"CMS125": ("1", "2")}
NS = {"cda": "urn:hl7-org:v3", "xsi": "http://www.w3.org/2001/XMLSchema-instance"}
QRDA = "2.16.840.1.113883.10.20.27"


def id_of(*names: str) -> str:
    return str(uuid5(NAMESPACE_OID, "/".join(names))).upper()


@pytest.fixture(scope="module")
def ids(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ids") / "ids.csv"
    rows = [(measure, "", "measure", "") for measure in MEASURES]
    for measure, populations in MEASURES.items():
        for group in GROUPS[measure]:
            rows += [(measure, group, population, "") for population in populations]
            rows += [(measure, group, "STRAT", stratum) for stratum in STRATA.get(measure, ())]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(
            [("measure_code", "group_id", "population", "stratum", "id"), *((*row, id_of(*row)) for row in rows)]
        )
    return path


def write(home: Home, folder: Path, ids: Path, program: str = "MIPS_GROUP", **rest):
    given = {"tin": "123456789", "certification": "0015CABCDEFGHI1"} | rest
    return write_qrda(home, folder, ids=ids, program=program, **given)


@pytest.fixture(scope="module")
def group(sample_home: Home, ids: Path, tmp_path_factory: pytest.TempPathFactory):
    """The document of the group, for the two measures whose ids are known."""
    folder = tmp_path_factory.mktemp("qrda")
    assert write(sample_home, folder, ids) == {"QRDA-III.MIPS_GROUP.123456789.xml": 2}
    path = folder / "QRDA-III.MIPS_GROUP.123456789.xml"
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    return etree.parse(path)


def found(place, path: str):
    return place.xpath(path, namespaces=NS)


def by_template(place, template: str):
    return found(place, f".//cda:*[cda:templateId[@root='{QRDA}.{template}']]")


# The errors of CMS's schematron for 2026 (version 1.0, 3 July 2025): where, how many are there, and what holds of each.
ASSERTIONS = [
    ("/cda:ClinicalDocument", "count(cda:templateId[@root='{q}.1.1'][@extension='2020-12-01'])=1"),
    ("/cda:ClinicalDocument", "count(cda:templateId[@root='{q}.1.2'][@extension='2025-05-01'])=1"),
    ("/cda:ClinicalDocument", "cda:realmCode/@code='US' and cda:typeId/@extension='POCD_HD000040' and count(cda:id)=1"),
    ("/cda:ClinicalDocument", "cda:code/@code='55184-6' and cda:confidentialityCode/@code='N' and cda:languageCode/@code='en'"),
    ("/cda:ClinicalDocument", "count(cda:recordTarget/cda:patientRole/cda:id[@nullFlavor='NA'])=1"),
    ("/cda:ClinicalDocument", "cda:informationRecipient/cda:intendedRecipient/cda:id/@root='2.16.840.1.113883.3.249.7'"),
    ("/cda:ClinicalDocument", "count(cda:participant/cda:associatedEntity/cda:id[@root='2.16.840.1.113883.3.2074.1'])=1"),
    ("/cda:ClinicalDocument", "count(cda:documentationOf/cda:serviceEvent[@classCode='PCPR']/cda:performer[@typeCode='PRF'])=1"),
    ("/cda:ClinicalDocument", "count(cda:author[cda:time]/cda:assignedAuthor[cda:assignedAuthoringDevice/cda:softwareName])=1"),
    ("//cda:author/cda:assignedAuthor/cda:representedOrganization", "count(cda:name)>0"),
    ("//cda:representedCustodianOrganization", "count(cda:id)>0 and count(cda:name)=1"),
    ("//cda:section", "count(cda:templateId[@root='{q}.2.1'][@extension='2020-12-01'])=1"),
    ("//cda:section", "count(cda:templateId[@root='{q}.2.3'][@extension='2025-05-01'])=1"),
    ("//cda:section", "cda:code/@code='55186-1' and cda:title='Measure Section' and count(cda:text)=1"),
    ("//cda:section", "count(cda:entry/cda:act[cda:templateId[@extension='2020-12-01']][cda:code/@code='252116004'][cda:id])=1"),
    ("//cda:act/cda:effectiveTime", "string-length(cda:low/@value)=8 and string-length(cda:high/@value)=8"),
    ("//cda:organizer", "count(cda:templateId[@root='{q}.3.1'][@extension='2020-12-01'])=1"),
    ("//cda:organizer", "count(cda:templateId[@root='{q}.3.17'][@extension='2025-05-01'])=1"),
    ("//cda:organizer", "count(cda:templateId[@root='2.16.840.1.113883.10.20.24.3.98'])=1 and cda:statusCode/@code='completed'"),
    ("//cda:organizer", "count(cda:reference[@typeCode='REFR']/cda:externalDocument/cda:id[@root='2.16.840.1.113883.4.738'])=1"),
    (
        "{rate}",
        "count(cda:templateId[@extension='2020-12-01'])=1 and cda:code/@code='72510-1' and cda:statusCode/@code='completed'",
    ),
    ("{rate}", "count(cda:templateId[@root='{q}.3.25'][@extension='2022-05-01'])=1 and count(cda:value[@xsi:type='REAL'])=1"),
    (
        "{rate}/cda:value",
        "@nullFlavor='NA' or @value >= 0 and @value <= 1 and string-length(substring-after(@value, '.')) <= 6",
    ),
    ("{rate}", "count(cda:reference[@typeCode='REFR']/cda:externalObservation[cda:id/@root][cda:code/@code='NUMER'])=1"),
    ("{data}", "count(cda:templateId[@root='{q}.3.16'][@extension='2025-05-01'])=1 and cda:code/@code='ASSERTION'"),
    ("{data}", "contains('IPOP DENOM DENEX DENEXCEP NUMER', cda:value[@xsi:type='CD']/@code)"),
    ("{data}", "count(cda:reference/cda:externalObservation/cda:id)=1 and cda:statusCode/@code='completed'"),
    ("{data}", "count(cda:entryRelationship[@typeCode='COMP']/cda:observation[cda:templateId/@root='{q}.3.21'])>0"),
    ("{data}", "count(cda:entryRelationship[@typeCode='COMP']/cda:observation[cda:templateId/@root='{q}.3.8'])>0"),
    ("{data}", "count(cda:entryRelationship[@typeCode='COMP']/cda:observation[cda:templateId/@root='{q}.3.7'])>0"),
    ("{data}", "count(cda:entryRelationship[@typeCode='COMP']/cda:observation[cda:templateId/@root='{q}.3.18'])>0"),
    (
        "{sex}",
        "cda:code/@code='76689-9' and cda:value[@nullFlavor='OTH']/cda:translation/@code",
    ),
    (
        "{payer}",
        "contains('ABCD', cda:value[@nullFlavor='OTH']/cda:translation/@code)",
    ),
    (
        "{race}",
        "cda:code/@code='72826-1' and count(cda:value/@code|cda:value/@nullFlavor)=1",
    ),
    (
        "{ethnicity}",
        "cda:code/@code='69490-1' and count(cda:value/@code|cda:value/@nullFlavor)=1",
    ),
    (
        "{stratum}",
        "count(cda:reference[@typeCode='REFR']/cda:externalObservation/cda:id)=1",
    ),
    ("//cda:observation[cda:templateId/@root='{q}.3.3']", "cda:code/@code='MSRAGG' and cda:value[@xsi:type='INT']/@value >= 0"),
    ("//cda:observation[cda:templateId/@root='{q}.3.3']", "cda:methodCode/@code='COUNT'"),
    *(
        (f"{{{one}}}", "count(cda:entryRelationship[@typeCode='SUBJ'][@inversionInd='true']/cda:observation)=1")
        for one in ("data", "stratum", "sex", "payer", "race", "ethnicity")
    ),
    ("//cda:observation", "@classCode='OBS' and @moodCode='EVN' and cda:templateId"),
    ("//cda:id|//cda:templateId", "(@root or @nullFlavor) and not(@root and @extension and @nullFlavor)"),
    ("//cda:code|//cda:value[@xsi:type='CD']", "count(@code|@nullFlavor)=1"),
]
# Errors of HL7's schematron for QRDA III Release 1 (9 December 2020), on which CMS's stands, that are not among those of CMS.
ASSERTIONS_OF_HL7 = [
    ("/cda:ClinicalDocument", "count(cda:title)=1 and count(cda:effectiveTime)=1 and count(cda:recordTarget)=1"),
    ("/cda:ClinicalDocument", "count(cda:custodian)=1 and count(cda:component)=1 and count(cda:realmCode)=1"),
    ("/cda:ClinicalDocument/cda:typeId", "@root='2.16.840.1.113883.1.3'"),
    ("/cda:ClinicalDocument/cda:code", "@codeSystem='2.16.840.1.113883.6.1'"),
    ("/cda:ClinicalDocument/cda:recordTarget", "count(cda:patientRole)=1"),
    ("//cda:author/cda:assignedAuthor", "count(cda:representedOrganization)=1"),
    ("//cda:author/cda:assignedAuthor", "count(cda:assignedPerson|cda:assignedAuthoringDevice)=1"),
    ("//cda:custodian", "count(cda:assignedCustodian/cda:representedCustodianOrganization)=1"),
    ("{device}", "@classCode='RGPR' and count(cda:id)>0 and count(cda:code)=1"),
    ("{device}/cda:code", "@code='129465004' and @codeSystem='2.16.840.1.113883.6.96'"),
    (
        "/cda:ClinicalDocument/cda:legalAuthenticator",
        "cda:time/@value and cda:signatureCode/@code='S' and count(cda:assignedEntity)=1",
    ),
    ("/cda:ClinicalDocument/cda:effectiveTime", "string-length(@value)=19 and substring(@value, 15)='+0000'"),
    ("//cda:documentationOf", "count(cda:serviceEvent)=1"),
    ("//cda:performer", "count(cda:assignedEntity[count(cda:id)>0][count(cda:representedOrganization)=1])=1"),
    ("/cda:ClinicalDocument/cda:component", "count(cda:structuredBody)=1"),
    ("//cda:organizer", "@classCode='CLUSTER' and @moodCode='EVN' and count(cda:id)>0 and count(cda:statusCode)=1"),
    ("//cda:organizer", "count(cda:templateId[@root='2.16.840.1.113883.10.20.24.3.98'][not(@extension)])=1"),
    ("//cda:organizer", "count(cda:component/cda:observation[cda:templateId[@root='{q}.3.5'][@extension='2016-09-01']])>0"),
    ("//cda:externalDocument", "@classCode='DOC' and count(cda:id[@root='2.16.840.1.113883.4.738'][@extension])=1"),
    ("//cda:externalDocument/cda:code", "@code='57024-2' and @codeSystem='2.16.840.1.113883.6.1'"),
    ("{rate}", "count(cda:reference)=1 and count(cda:code[@codeSystem='2.16.840.1.113883.6.1'])=1"),
    ("{rate}/cda:reference/cda:externalObservation", "@classCode and count(cda:id)=1"),
    ("{rate}/cda:reference/cda:externalObservation", "count(cda:code[@codeSystem='2.16.840.1.113883.5.4'])=1"),
    ("{data}", "count(cda:templateId[@root='{q}.3.5'][@extension='2016-09-01'])=1"),
    ("{data}", "count(cda:code[@codeSystem='2.16.840.1.113883.5.4'])=1 and count(cda:reference)=1"),
    ("{stratum}", "count(cda:templateId[@root='{q}.3.4'][not(@extension)])=1 and cda:statusCode/@code='completed'"),
    ("{stratum}", "count(cda:code[@code='ASSERTION'][@codeSystem='2.16.840.1.113883.5.4'])=1 and count(cda:reference)=1"),
    ("{race}", "count(cda:templateId[@root='{q}.3.8'][@extension='2016-09-01'])=1 and count(cda:value[@xsi:type='CD'])=1"),
    ("{ethnicity}", "count(cda:templateId[@root='{q}.3.7'][@extension='2016-09-01'])=1"),
    ("{sex}", "count(cda:templateId[@root='{q}.3.6'][@extension='2016-09-01'])=1"),
    ("{payer}", "count(cda:templateId[@root='{q}.3.9'][@extension='2016-02-01'])=1"),
    *(
        (f"{{{one}}}", "count(cda:code[@codeSystem='2.16.840.1.113883.6.1'])=1 and cda:statusCode/@code='completed'")
        for one in ("sex", "payer", "race", "ethnicity")
    ),
    *(
        (f"{{{one}}}", "count(cda:entryRelationship[@typeCode='SUBJ']/cda:observation[cda:templateId/@root='{q}.3.3'])=1")
        for one in ("data", "stratum", "sex", "payer", "race", "ethnicity")
    ),
    ("{count}", "count(cda:templateId[not(@extension)])=1 and count(cda:value)=1"),
    ("{count}", "count(cda:code[@codeSystem='2.16.840.1.113883.5.4'])=1"),
    ("{count}", "count(cda:methodCode[@codeSystem='2.16.840.1.113883.5.84'])=1"),
]
TEMPLATES = {
    "count": "3.3",
    "rate": "3.14",
    "data": "3.5",
    "stratum": "3.4",
    "sex": "3.21",
    "payer": "3.18",
    "race": "3.8",
    "ethnicity": "3.7",
}
DEVICE = "//cda:participant[@typeCode='DEV']/cda:associatedEntity"
PLACES = {"q": QRDA, "device": DEVICE} | {
    name: f"//cda:observation[cda:templateId/@root='{QRDA}.{one}']" for name, one in TEMPLATES.items()
}


@pytest.mark.parametrize(("place", "holds"), ASSERTIONS + ASSERTIONS_OF_HL7)
def test_the_document_is_as_the_schematrons_of_cms_and_hl7_ask(group, place: str, holds: str):
    places = found(group, place.format(**PLACES))
    assert places and all(found(one, holds.format(**PLACES)) for one in places)


def test_groups_strata_and_values_of_nobody_are_reported_with_0():
    """One girl, whose sex, race, ethnicity are not on record, is in the first of 2 groups and the second of 2 strata."""
    row = {
        "measure_code": "CMS155",
        "title": "Counseling",
        "has_exclusions": True,
        "has_exceptions": False,
        "group_id": "Group_1",
        "stratum": 2,
        "stratum_name": "Age 12 to 17",
        "provider_key": 7,
        "sex": "unknown",
        "race": "unknown",
        "ethnicity": "unknown",
        "payer_class": "medicaid",
    } | {"IPOP": 1, "DENOM": 1, "DENEX": 0, "DENEXCEP": 0, "NUMER": 0}
    named = [("CMS155", "", "measure", "")]
    for of_group in ("Group_1", "Group_2"):
        named += [("CMS155", of_group, population, "") for population in MEASURES["CMS125"]]
        named += [("CMS155", of_group, "STRAT", stratum) for stratum in ("1", "2")]
    entity = Entity("MIPS_INDIV", "123456789", "1234567893", (7,))
    counted = counts_of([row], entity, {key: id_of(*key) for key in named})
    strata = {one.code: [n for *_, n in one.strata] for one in counted[0].groups[0]}
    assert strata == {"IPOP": [0, 1], "DENOM": [0, 1], "DENEX": [0, 0], "NUMER": [0, 0]}
    assert [(one.n, [n for *_, n in one.strata]) for one in counted[0].groups[1]] == [(0, [0, 0])] * 4
    report = Report(entity, "one", "Praxis <A> & B", "0015CABCDEFGHI1", "2026-12-01T08:00:00Z", "p", 2026, counted)
    written = etree.fromstring(document(report)).getroottree()
    assert {one.text for one in found(written, "//cda:representedOrganization/cda:name")} == {"Praxis <A> & B"}
    for place, holds in ASSERTIONS + ASSERTIONS_OF_HL7:
        assert all(found(one, holds.format(**PLACES)) for one in found(written, place.format(**PLACES))), (place, holds)


def test_a_clinician_with_two_records_reports_the_patients_of_both():
    """1234567893 is in two systems as 1 and 2; 3 is nobody's primary provider, 4 has no valid NPI."""
    with duckdb.connect() as connection:
        connection.execute(
            """
            create schema marts;
            create table marts.dim_providers as
            select * from (values (1, '1234567893'), (2, '1234567893'), (3, '1003000126'), (4, '1234567890'), (5, null))
            as providers (provider_key, npi);
            create table marts.dim_patients as select unnest([1, 2, 4, 5]) as primary_provider_key
            """
        )
        assert entities(connection, "MIPS_INDIV", "123456789") == [Entity("MIPS_INDIV", "123456789", "1234567893", (1, 2))]


def test_elements_stand_in_the_order_of_the_cda_schema(group):
    order = (
        "realmCode typeId templateId templateId id code title effectiveTime confidentialityCode languageCode versionNumber "
        "recordTarget author custodian informationRecipient legalAuthenticator participant documentationOf component"
    )
    assert " ".join(etree.QName(one).localname for one in group.getroot()) == order


def test_counts_strata_and_supplemental_data_are_those_of_the_warehouse(group, sample_warehouse: Path):
    query = """
        select cast(sum({n}) as int) from marts.fct_measure_results inner join marts.dim_patients using (patient_key)
        where measure_code = 'CMS125' and is_initial_population and period_type = 'year' and year(period_start_on) = 2026 and {of}
    """
    asked = {
        "count": ("IPOP", "n_initial_population", "true"),
        "met": ("NUMER", "n_numerator", "true"),
        "stratum": ("DENOM", "n_denominator", "stratum = 2"),
        "white": ("DENOM", "n_denominator", "race = 'white'"),
        "medicare": ("NUMER", "n_numerator", "payer_class = 'medicare'"),
    }
    with duckdb.connect(str(sample_warehouse), read_only=True) as connection:
        expected = {key: connection.execute(query.format(n=n, of=of)).fetchall()[0][0] for key, (_, n, of) in asked.items()}
    [measure] = found(group, f"//cda:organizer[cda:reference//cda:id/@extension='{id_of('CMS125', '', 'measure', '')}']")
    own = "cda:entryRelationship[@typeCode='SUBJ']/cda:observation/cda:value/@value"

    def counted(key: str, below: str = "") -> int:
        [value] = found(measure, f".//cda:observation[cda:value/@code='{asked[key][0]}']{below}/{own}")
        return int(value)

    stratum = id_of("CMS125", "Group_1", "STRAT", "2")
    part = "/cda:entryRelationship[@typeCode='COMP']/cda:observation"
    assert {
        "count": counted("count"),
        "met": counted("met"),
        "stratum": counted("stratum", f"{part}[cda:reference//cda:id/@root='{stratum}']"),
        "white": counted("white", f"{part}[cda:value/@code='2106-3']"),
        "medicare": counted("medicare", f"{part}[cda:value/cda:translation/@code='A']"),
    } == expected
    assert expected["met"] > 0 and len(by_template(measure, "3.14")) == 1
    assert len(by_template(group, "3.14")) == 4


def test_each_clinician_reports_their_own_patients_and_together_those_of_the_group(sample_home: Home, ids: Path, group, tmp_path):
    """Of the group's patients some have no primary provider with an NPI: the clinicians may have fewer, and never more."""
    written = write(sample_home, tmp_path, ids, "MIPS_INDIV")
    initial = (
        "//cda:organizer[1]//cda:observation[cda:value/@code='IPOP']/cda:entryRelationship[@typeCode='SUBJ']//cda:value/@value"
    )
    of_each = []
    for name in written:
        document = etree.parse(tmp_path / name)
        [npi] = found(document, "//cda:performer/cda:assignedEntity/cda:id[@root='2.16.840.1.113883.4.6']/@extension")
        assert name == f"QRDA-III.MIPS_INDIV.{npi}.xml" and is_npi(npi)
        of_each.append(int(found(document, initial)[0]))
    assert len(written) > 1 and 0 < sum(of_each) <= int(found(group, initial)[0])


def test_the_same_publication_gives_the_same_bytes(sample_home: Home, ids: Path, group, tmp_path: Path):
    write(sample_home, tmp_path, ids)
    assert etree.tostring(etree.parse(tmp_path / "QRDA-III.MIPS_GROUP.123456789.xml")) == etree.tostring(group)


@pytest.mark.parametrize(
    ("npi", "is_one"),
    [("1234567893", True), ("1234567890", False), ("123456789", False), ("12345678A3", False), ("１２３４５６７８９３", False)],
)
def test_an_npi_has_its_check_digit(npi: str, is_one: bool):
    """1234567893 is the example of CMS's own rule for the check digit."""
    assert is_npi(npi) is is_one


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tin": "12-3456789"}, "nine digits"),
        ({"tin": "12345678A"}, "nine digits"),
        ({"tin": "١٢٣٤٥٦٧٨٩"}, "nine digits"),
        ({"year": 1999}, "1999: not evaluated"),
        ({"certification": "0015C"}, "15 letters and digits"),
        ({"measures": ["CMS130"]}, "CMS130, measure: has no id"),
        ({"measures": ["CMS999"]}, "no such measure"),
    ],
)
def test_what_is_missing_for_a_report_is_said_and_nothing_is_written(sample_home: Home, ids: Path, tmp_path, change, said: str):
    with pytest.raises(UsageError, match=said):
        write(sample_home, tmp_path / "out", ids, **change)
    assert not (tmp_path / "out").exists()


def test_a_report_of_nobody_is_refused_and_nothing_is_written(sample_home: Home, ids: Path, tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.exports.qrda.files.rows_of", lambda *_: [])
    with pytest.raises(UsageError, match="CMS125: nobody is in an initial population of 2026"):
        write(sample_home, tmp_path / "out", ids, measures=["CMS125"])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("row", "said"),
    [("CMS125,Group_1,IPP,,x", "row 2: population"), ("CMS125,Group_1,IPOP,,x", "row 2: id is no UUID"), ("", "needs a header")],
)
def test_a_file_of_identifiers_is_refused_by_its_row(sample_home: Home, tmp_path: Path, row: str, said: str):
    path = tmp_path / "ids.csv"
    path.write_text(f"measure_code,group_id,population,stratum,id\n{row}\n" if row else "id\nx\n")
    with pytest.raises(UsageError, match=said):
        write(sample_home, tmp_path / "out", path)
