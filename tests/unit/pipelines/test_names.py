"""A name from outside never becomes a path: wherever it comes from, nothing is written outside the home."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import CaregapError, UsageError
from pipelines.extract.delivery import find_deliveries
from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.landing.ledger import Entry
from pipelines.names import path_part
from pipelines.practice import Practice, read_practice

NAMES = st.text(max_size=300) | st.sampled_from(
    ["", ".", "..", "../../x", "/etc/passwd", "a/b", "a\\b", "C:\\x", "\0", "a\nb", "~", "-rf", "..%2f", "x" * 300, "\ud800"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | NAMES.map(lambda text: text.replace("\ud800", "")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=200)
@given(NAMES)
def test_any_name_is_one_part_of_a_path_below_its_folder(name):
    part = path_part(name)
    assert part not in ("", ".", "..") and "/" not in part and "\\" not in part and part.isprintable() and part.isascii()
    assert len(part) <= 64
    assert not part.startswith((".", "-", "~"))
    assert Path("/home/x", part).parent == Path("/home/x")


@settings(max_examples=200)
@given(NAMES, NAMES)
def test_two_names_are_two_parts(one, other):
    assert (path_part(one) == path_part(other)) == (one == other)


@pytest.mark.parametrize("name", ["Patient", "campaign_members", "ehr:north", "hill-country", "0123abcd", "v1.2"])
def test_a_plain_name_stays_as_it_is(name):
    assert path_part(name) == name


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory):
    return lambda: tmp_path_factory.mktemp("around")


@settings(max_examples=20, deadline=None)
@given(kind=JSON, name=st.sampled_from(["odd.ndjson", "Patient.ndjson", "..odd.ndjson", "-.ndjson", "_.ndjson"]))
def test_whatever_a_manifest_says_a_file_is_stays_within_the_landing(folders, kind, name):
    around = folders()
    delivered, home = around / "delivered", Home(around / "home")
    delivered.mkdir()
    home.root.mkdir()
    (delivered / name).write_text('{"resourceType": "Patient", "id": "1"}\n')
    manifest = {"transactionTime": "2026-03-31T00:00:00Z", "output": [{"type": kind, "url": f"https://e.org/{name}"}]}
    (delivered / "manifest.json").write_text(json.dumps(manifest))
    practice = Practice("p", "P", "UTC", {"ehr": delivered})
    assert all(isinstance(found.extract, str) for found in find_deliveries(practice))
    with suppress(CaregapError):
        land(practice, home)
    written = [path for path in around.rglob("*") if path.is_file() and delivered not in path.parents]
    assert written
    assert all(home.root in path.parents for path in written)
    manifests = [path for path in written if path.name == "manifest.json"]
    assert all(len(path.relative_to(home.landing("p")).parts) == 4 for path in manifests)


def test_a_ledger_of_an_earlier_version_leads_nowhere_else_either(tmp_path):
    from pipelines.landing.integrity import folder_of

    entry = Entry("ehr", "../../../etc", "place", "0123", 1, None, (1,))
    assert folder_of(tmp_path, entry).resolve().is_relative_to(tmp_path)


@pytest.mark.parametrize("id", ["../other", "/etc", "", "a b", ".hidden", 7])
def test_a_practices_id_is_a_plain_name(tmp_path, id):
    (tmp_path / "practice.toml").write_text(f'id = {json.dumps(id)}\nname = "P"\ntime_zone = "UTC"\n')
    with pytest.raises(UsageError, match="id cannot be"):
        read_practice(tmp_path)


def test_two_sources_whose_names_differ_in_their_dots_alone_are_two_folders(tmp_path):
    home = Home(tmp_path)
    assert home.landing("..") != home.landing(".") and home.landing("..").resolve().is_relative_to(tmp_path)
