"""What Caregap is made of: the bill of materials, the licences, and packages that were withdrawn."""

import json
import re
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from deploy.supply_chain.licences import ELSEWHERE, UNKNOWN, licence_of
from deploy.supply_chain.locked import SHIPPED, locked
from deploy.supply_chain.sbom import sbom
from deploy.supply_chain.yanked import NoAnswer, yanked
from pipelines.home import CHECKOUT

LOCKS = sorted(CHECKOUT.glob("requirements*.txt"))


@pytest.fixture(scope="module")
def bill() -> str:
    return sbom(locked(*SHIPPED))


def test_the_bill_of_materials_is_valid_cyclonedx_1_6(bill):
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None
    broken = bill.replace('"type": "library"', '"type": "shelf"')
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(broken) is not None


def test_the_bill_names_each_locked_package_with_every_hash_of_the_lock_and_who_needs_it(bill):
    said = json.loads(bill)
    pinned = set(re.findall(r"(?m)^([a-z0-9-]+)(?:\[.*?\])?==([^\s;\\]+)", "\n".join(file.read_text() for file in SHIPPED)))
    assert {(one["name"], one["version"]) for one in said["components"]} == pinned
    hashes = {one["content"] for component in said["components"] for one in component["hashes"]}
    assert hashes == set(re.findall(r"sha256:([0-9a-f]{64})", "\n".join(file.read_text() for file in SHIPPED)))
    needs = {one["ref"].partition("@")[0]: one.get("dependsOn", []) for one in said["dependencies"]}
    assert any(ref.startswith("pkg:pypi/duckdb@") for ref in needs["caregap"])
    assert any(ref.startswith("pkg:pypi/starlette@") for ref in needs["pkg:pypi/streamlit"])
    reached, left = set(), ["caregap"]
    while left:
        reached.add(one := left.pop())
        left += {ref.partition("@")[0] for ref in needs[one]} - reached
    assert len(reached) == len(needs), set(needs) - reached


def test_every_package_that_is_installed_states_a_licence_and_none_asks_for_our_source():
    """The GNU licences but the lesser one do, the Server Side one too; who may choose another licence need not take them."""
    stated = {one.name: licence_of(one) for one in locked(*SHIPPED)}
    assert [name for name, licence in stated.items() if licence == UNKNOWN] == []
    assert len([name for name, licence in stated.items() if licence == ELSEWHERE]) < 10
    asks = [f"{name}: {licence}" for name, licence in stated.items() if re.search(r"(?<!L)\bA?GPL|SSPL|General Public", licence)]
    assert [one for one in asks if " OR " not in one] == []


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """A package index on this machine, with one package, whose version 1.0 was withdrawn and whose 2.0 was not."""
    folder = tmp_path / "simple" / "example"
    folder.mkdir(parents=True)
    for version in ("1.0", "2.0"):
        with zipfile.ZipFile(folder / f"example-{version}-py3-none-any.whl", "w") as wheel:
            about = f"example-{version}.dist-info"
            wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: example\nVersion: {version}\n")
            wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{about}/RECORD", "")
    links = [("1.0", ' data-yanked="it lost rows"'), ("2.0", "")]
    page = "".join(f'<a href="example-{v}-py3-none-any.whl"{mark}>example-{v}-py3-none-any.whl</a>' for v, mark in links)
    (folder / "index.html").write_text(f"<!DOCTYPE html><html><body>{page}</body></html>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/simple"
    server.shutdown()


@pytest.mark.parametrize(("version", "found"), [("1.0", {"example==1.0": "it lost rows"}), ("2.0", {})])
def test_a_withdrawn_package_is_named_with_its_reason(index, tmp_path, version, found):
    (tmp_path / "requirements.txt").write_text(f"example=={version}\n")
    options = ["--no-config", "--no-cache", "--default-index", index]
    assert yanked([tmp_path / "requirements.txt"], options) == found


@pytest.mark.slow
def test_no_locked_package_was_withdrawn():
    """Of what users and developers install, by the index that this machine is set up with."""
    assert len(LOCKS) == 4
    try:
        assert yanked(LOCKS, ["--refresh"]) == {}
    except NoAnswer:
        pytest.skip("the package index does not answer")
