"""Value sets as VSAC and FHIR servers hand them out."""

from pathlib import Path

import orjson
import pytest
from openpyxl import Workbook

from pipelines.errors import ExtractRefused
from pipelines.extract.value_set_files import read_value_set_file

LOINC = "http://loinc.org"
URL = "http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113883.3.464.1003.198.12.1013"


def value_set(**parts) -> dict:
    return {"resourceType": "ValueSet", "url": URL, "version": "20250101", "title": "HbA1c Laboratory Test", **parts}


def codes_in(path: Path) -> set[tuple[str, str]]:
    frame = read_value_set_file(path).codes
    return set(frame.select("system", "code").iter_rows())


def written(path: Path, document: dict) -> Path:
    path.write_bytes(orjson.dumps(document))
    return path


def test_an_expansion_gives_its_codes_nested_ones_too_and_no_abstract_group(tmp_path: Path):
    contains = [
        {"system": LOINC, "code": "4548-4"},
        {"system": LOINC, "code": "group", "abstract": True, "contains": [{"system": LOINC, "code": "17856-6"}]},
    ]
    path = written(tmp_path / "a1c.json", value_set(expansion={"total": 2, "contains": contains}))
    assert codes_in(path) == {(LOINC, "4548-4"), (LOINC, "17856-6")}
    frame = read_value_set_file(path).codes
    assert set(frame["value_set_url"]) == {URL} and set(frame["version"]) == {"20250101"}


def cut_in(path: Path) -> str:
    """What is said of the one value set of a file, of which nothing is taken."""
    read = read_value_set_file(path)
    ((url, said),) = read.cut.items()
    assert (url, read.codes.height) == (URL, 0)
    return said


def test_of_a_bundle_what_is_whole_is_taken_and_all_that_is_not_is_named(tmp_path: Path):
    def one(name: str, total: int) -> dict:
        expansion = {"total": total, "contains": [{"system": LOINC, "code": name}]}
        return {"resource": {"resourceType": "ValueSet", "url": f"urn:{name}", "expansion": expansion}}

    read = read_value_set_file(
        written(tmp_path / "b.json", {"entry": [one("a", 2), one("b", 1), one("c", 3), {"resource": None}]})
    )

    assert (read.codes["value_set_url"].to_list(), list(read.cut)) == (["urn:b"], ["urn:a", "urn:c"])


def test_where_an_expansion_is_cut_compose_gives_the_rest(tmp_path: Path):
    compose = {
        "include": [{"system": LOINC, "concept": [{"code": "a"}, {"code": "b"}, {"code": "c"}]}],
        "exclude": [{"system": LOINC, "concept": [{"code": "c"}]}],
    }
    expansion = {"total": 2, "contains": [{"system": LOINC, "code": "a"}]}
    path = written(tmp_path / "cut.json", value_set(expansion=expansion, compose=compose))
    assert codes_in(path) == {(LOINC, "a"), (LOINC, "b")}


def test_a_set_that_is_made_of_others_is_resolved_within_its_bundle(tmp_path: Path):
    part = {
        "resourceType": "ValueSet",
        "url": "urn:part",
        "compose": {"include": [{"system": LOINC, "concept": [{"code": "x"}]}]},
    }
    whole = value_set(compose={"include": [{"valueSet": ["urn:part|1"]}]})
    bundle = {"resourceType": "Bundle", "entry": [{"resource": part}, {"resource": whole}]}
    frame = read_value_set_file(written(tmp_path / "bundle.json", bundle)).codes
    assert set(frame.select("value_set_url", "code").iter_rows()) == {("urn:part", "x"), (URL, "x")}


def test_a_full_page_without_a_total_is_taken_for_cut(tmp_path: Path):
    """1,000 codes and no total: `compose` has one more."""
    concepts = [{"code": str(number)} for number in range(1001)]
    contains = [{"system": LOINC, **concept} for concept in concepts[:1000]]
    compose = {"include": [{"system": LOINC, "concept": concepts}]}
    path = written(tmp_path / "page.json", value_set(expansion={"contains": contains}, compose=compose))
    assert len(codes_in(path)) == 1001
    path = written(tmp_path / "page.json", value_set(expansion={"contains": contains}))
    assert "expanded to 1,000 codes of an unknown number" in cut_in(path)


def test_a_code_that_is_listed_twice_does_not_make_an_expansion_look_cut(tmp_path: Path):
    contains = [{"system": LOINC, "code": "a", "version": version} for version in ("1", "2")]
    assert codes_in(written(tmp_path / "twice.json", value_set(expansion={"total": 2, "contains": contains}))) == {(LOINC, "a")}


def test_a_cut_expansion_without_compose_is_refused(tmp_path: Path):
    path = written(tmp_path / "cut.json", value_set(expansion={"total": 1200, "contains": [{"system": LOINC, "code": "a"}]}))
    assert "expanded to 1 codes of 1200" in cut_in(path)


@pytest.mark.parametrize(
    "include",
    [
        {"system": LOINC, "filter": [{"property": "CLASS", "op": "=", "value": "LAB"}]},
        {"valueSet": ["urn:elsewhere"]},
        {"system": LOINC},
    ],
)
def test_a_set_whose_codes_are_not_all_there_is_refused_rather_than_cut(tmp_path: Path, include: dict):
    expansion = {"total": 1000, "contains": [{"system": LOINC, "code": "a"}]}
    path = written(tmp_path / "cut.json", value_set(expansion=expansion, compose={"include": [include]}))
    assert "expanded to 1 codes of 1000" in cut_in(path)


def test_a_vsac_spreadsheet_names_its_value_set_above_the_table(tmp_path: Path):
    book = Workbook()
    sheet = book.active
    for row in [
        ("Value Set Name", "HbA1c Laboratory Test"),
        ("OID", "2.16.840.1.113883.3.464.1003.198.12.1013"),
        ("Definition Version", "20250101"),
        (),
        ("Code", "Descriptor", "Code System", "Version", "Code System OID"),
        ("4548-4", "words", "LOINC", "2.80", "2.16.840.1.113883.6.1"),
        ("E11.9", "words", "ICD10CM", "2026", "2.16.840.1.113883.6.90"),
    ]:
        sheet.append(row)
    path = tmp_path / "a1c.xlsx"
    book.save(path)
    frame = read_value_set_file(path).codes
    assert set(frame.select("system", "code").iter_rows()) == {(LOINC, "4548-4"), ("http://hl7.org/fhir/sid/icd-10-cm", "E11.9")}
    assert set(frame["value_set_url"]) == {URL} and set(frame["version"]) == {"20250101"}


def test_a_csv_of_many_value_sets_names_the_oid_in_a_column(tmp_path: Path):
    path = tmp_path / "all.csv"
    path.write_text(
        "Value Set Name,OID,Version,Code,Code System\nOne,1.2.3,20250101,4548-4,LOINC\nTwo,4.5.6,20250101,I10,ICD10CM\n"
    )
    frame = read_value_set_file(path).codes
    assert set(frame.select("value_set_oid", "code").iter_rows()) == {("1.2.3", "4548-4"), ("4.5.6", "I10")}


def test_a_list_of_codes_by_measure_is_one_of_direct_codes(tmp_path: Path):
    path = tmp_path / "direct.csv"
    path.write_text("cms_id,system,code,display\nCMS125,http://snomed.info/sct,7771000,words\n")
    assert read_value_set_file(path).codes.rows() == [("CMS125", "http://snomed.info/sct", "7771000")]


@pytest.mark.parametrize(
    "name, text", [("a.pdf", "%PDF"), ("a.json", "{"), ("a.json", '{"resourceType": "Patient"}'), ("a.csv", "x,y\n1,2\n")]
)
def test_a_file_that_is_no_value_set_file_is_refused_by_name(tmp_path: Path, name: str, text: str):
    (tmp_path / name).write_text(text)
    with pytest.raises(ExtractRefused, match=name):
        read_value_set_file(tmp_path / name)
