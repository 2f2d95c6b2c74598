"""A locked version that an advisory speaks of is named; one before, after, or of another ecosystem is not."""

import json
import zipfile
from pathlib import Path

import pytest

from deploy.supply_chain.locked import SHIPPED, Locked, locked
from deploy.supply_chain.vulnerable import NoAdvisories, read_advisories, vulnerable


def advisory(*events: dict, **more: object) -> dict:
    package = {"ecosystem": "PyPI", "name": "Ex.ample"}
    return {"id": "X-1", "affected": [{"package": package, "ranges": [{"type": "ECOSYSTEM", "events": list(events)}]}]} | more


def ids(version: str, *records: dict) -> list[str]:
    return [one.id for one in vulnerable([Locked("ex-ample", version, "", (), ())], records)]


AFFECTED = {"1.0": False, "1.1rc1": False, "1.1": True, "1.9.post1": True, "1.10": False, "2.0": True, "2.3": True, "2.4": False}


@pytest.mark.parametrize(("version", "is_named"), AFFECTED.items())
def test_versions_from_introduced_until_before_fixed_and_up_to_the_last_affected_are_named(version, is_named):
    """1.1 up to before 1.10, and 2.0 to 2.3: versions are compared as versions, so 1.9 comes before 1.10."""
    record = advisory({"introduced": "1.1"}, {"fixed": "1.10"}, {"introduced": "2.0"}, {"last_affected": "2.3"})
    assert ids(version, record) == (["X-1"] if is_named else [])


def test_a_listed_version_is_named_and_a_withdrawn_advisory_or_another_ecosystem_is_not():
    listed = {"id": "X-2", "affected": [{"package": {"ecosystem": "PyPI", "name": "ex_ample"}, "versions": ["3.0"]}]}
    assert ids("3.0", listed) == ["X-2"] and ids("3.1", listed) == []
    assert ids("1.0", advisory({"introduced": "0"}, withdrawn="2026-01-01T00:00:00Z")) == []
    other = {"id": "X-3", "affected": [{"package": {"ecosystem": "npm", "name": "ex-ample"}, "versions": ["3.0"]}]}
    assert ids("3.0", other) == []


def test_advisories_are_read_from_a_folder_or_a_zip_and_none_is_an_error(tmp_path: Path):
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "X-1.json").write_text(json.dumps(advisory({"introduced": "0"})))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as packed:
        packed.write(tmp_path / "some" / "X-1.json", "X-1.json")
    assert list(read_advisories(tmp_path / "some")) == list(read_advisories(tmp_path / "all.zip"))
    (tmp_path / "none").mkdir()
    for place in (tmp_path / "none", tmp_path / "gone.zip"):
        with pytest.raises(NoAdvisories):
            list(read_advisories(place))


def test_a_package_of_the_lock_is_found_by_its_name_and_version():
    [duckdb] = [one for one in locked(*SHIPPED) if one.name == "duckdb"]
    record = {"id": "X-4", "affected": [{"package": {"ecosystem": "PyPI", "name": "DuckDB"}, "versions": [duckdb.version]}]}
    assert [one.package for one in vulnerable(locked(*SHIPPED), [record])] == ["duckdb"]
