"""Which codes are in use: loaded ones before shipped ones, a sample for synthetic practices only, nothing missing in silence."""

import json
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import UsageError
from pipelines.home import Home
from pipelines.raw.value_sets import build_value_sets, load_value_sets, measures_without

MAMMOGRAPHY = "http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113883.3.464.1003.108.12.1018"
CPT = "http://www.ama-assn.org/go/cpt"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "home").mkdir()
    return Home(tmp_path / "home")


def statuses(home: Home, *, with_sample: bool) -> dict[str, tuple[str, int]]:
    with duckdb.connect() as connection:
        build_value_sets(connection, home, with_sample=with_sample)
        rows = connection.execute("select value_set, status, n_codes from raw.value_sets").fetchall()
    return {name: (status, n_codes) for name, status, n_codes in rows}


def loaded(home: Home, tmp_path: Path, version: str, codes: str) -> None:
    path = tmp_path / f"mammography_{version}.csv"
    path.write_text(
        f"url,version,system,code\n{''.join(f'{MAMMOGRAPHY},{version},http://loinc.org,{code}{chr(10)}' for code in codes)}"
    )
    load_value_sets(home, path)


def test_a_sample_counts_for_synthetic_practices_only(home: Home):
    assert statuses(home, with_sample=True)["mammography"] == ("sample", 12)
    assert statuses(home, with_sample=False)["mammography"] == ("missing", 0)


def test_a_set_that_is_shipped_whole_counts_for_everybody(home: Home):
    """HbA1c Laboratory Test has five codes, all of LOINC."""
    assert statuses(home, with_sample=False)["hba1c_laboratory_test"] == ("shipped", 5)


def test_a_set_of_licensed_codes_is_withheld_from_synthetic_practices_and_missing_for_real_ones(home: Home):
    name = "preventive_care_services_initial_office_visit_18_and_up"
    assert statuses(home, with_sample=True)[name] == ("withheld", 0)
    assert statuses(home, with_sample=False)[name] == ("missing", 0)


def test_of_the_loaded_versions_the_newest_counts_and_the_others_are_kept(home: Home, tmp_path: Path):
    loaded(home, tmp_path, "20260101", "abc")
    loaded(home, tmp_path, "20250101", "ab")
    loaded(home, tmp_path, "20250101", "ab")
    assert statuses(home, with_sample=True)["mammography"] == ("loaded", 3)
    with duckdb.connect() as connection:
        build_value_sets(connection, home, with_sample=False)
        versions = connection.execute(
            "select version, count(*) from raw.value_set_codes where value_set_url = ? group by all order by all", [MAMMOGRAPHY]
        ).fetchall()
    assert versions == [("20250101", 2), ("20260101", 3)]


def test_a_licensed_code_that_a_measure_names_is_known_by_measure_and_section_once_loaded(home: Home, tmp_path: Path):
    assert statuses(home, with_sample=True)["cms138_qualifying_visit"][0] == "withheld"
    path = tmp_path / "direct_codes.csv"
    path.write_text(f"cms_id,system,code\nCMS138,{CPT},96000\nCMS138,{CPT},99000\nCMS117,{CPT},99000\n")
    load_value_sets(home, path)
    found = statuses(home, with_sample=False)
    assert found["cms138_qualifying_visit"] == found["cms138_preventive_visit"] == found["cms117_office_visit"] == ("loaded", 1)


def test_a_folder_without_value_sets_is_a_mistake(home: Home, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no value set files"):
        load_value_sets(home, tmp_path / "empty")


def test_of_a_folder_what_is_whole_is_loaded_and_what_is_not_is_named_with_the_measures_that_lack_it(home: Home, tmp_path: Path):
    """HbA1c is shipped whole, so a cut expansion of it switches nothing off; the readme is no value set file."""
    a1c = "http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113883.3.464.1003.198.12.1013"
    folder = tmp_path / "sets"
    folder.mkdir()
    for name, url, total in (("mammography", MAMMOGRAPHY, 9), ("a1c", a1c, 9), ("other", "urn:other", 1)):
        expansion = {"total": total, "contains": [{"system": "http://loinc.org", "code": "a"}]}
        (folder / f"{name}.json").write_text(json.dumps({"resourceType": "ValueSet", "url": url, "expansion": expansion}))
    (folder / "readme.txt").write_text("read me")

    found = load_value_sets(home, folder)

    assert [(file.file_name, file.codes.height, list(file.cut), bool(file.refused)) for file in found] == [
        ("a1c.json", 0, [a1c], False),
        ("mammography.json", 0, [MAMMOGRAPHY], False),
        ("other.json", 1, [], False),
        ("readme.txt", 0, [], True),
    ]
    assert measures_without(home, [a1c, MAMMOGRAPHY, "urn:other"]) == {MAMMOGRAPHY: ["CMS125"]}
