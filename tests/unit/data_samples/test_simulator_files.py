"""What the simulator delivers: files that are what their contracts say, the same bytes for the same seed."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from data_samples.simulator.simulate import Simulation, simulate
from models.contract import INSTANT
from models.sources import SOURCE_KINDS
from pipelines.practice import read_practice
from tests.conftest import SMALL

_OPTIONAL = {"identity_decisions", "collection_costs", "remittance_adjustments", "provider_adjustments", "x12_transactions"}


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A practice without rows that must be quarantined."""
    folder = tmp_path_factory.mktemp("clean")
    simulate(Simulation(150, 18, 11, has_dirt=False), folder)
    return folder


@pytest.fixture(scope="module")
def practices(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three practices of one name: the first two of one seed, the third of another."""
    folders = [tmp_path_factory.mktemp("practice") for _ in range(3)]
    for folder, seed in zip(folders, (3, 3, 4), strict=True):
        simulate(Simulation(n_patients=30, n_months=6, seed=seed, practice_id="sample"), folder)
    return folders


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _resources(folder: Path, resource_type: str = "*") -> Iterator[dict]:
    for path in sorted(folder.glob(f"ehr/*/{resource_type}.ndjson")):
        if path.name != "deleted.ndjson":
            yield from (json.loads(line) for line in path.read_text().splitlines())


def test_the_same_seed_gives_the_same_bytes_and_another_seed_gives_others(practices: list[Path]):
    first, again, other = map(_contents, practices)
    assert first == again
    assert first["crm/2026-10-31/touches.csv"] != other["crm/2026-10-31/touches.csv"]


def test_another_practice_has_another_id_and_the_same_practice_the_same(practices: list[Path]):
    """The id names the folder that deliveries land in: two practices under one id would become one."""
    first, again, other = (read_practice(folder).id for folder in practices)
    assert first == again != other


def test_rare_conditions_add_to_the_record_and_change_nothing_else(tmp_path: Path):
    """But for the reason that a visit gets. So a practice's other numbers stay when rare conditions come in."""
    folders = [tmp_path / "without", tmp_path / "with"]
    for folder, share in zip(folders, (0.0, 0.5), strict=True):
        folder.mkdir()
        simulate(Simulation(60, 15, 7, has_dirt=False, rare_share=share), folder)
    without, with_rare = map(_contents, folders)
    told = {"practice.toml", "truth/parameters.json", "truth/care_gaps.parquet"}
    same = [name for name in without if not name.startswith("ehr/") and name not in told]
    assert [name for name in same if without[name] != with_rare[name]] == []
    before, after = ([_without_reason(resource) for resource in _resources(folder)] for folder in folders)
    common = [resource for resource in after if not resource["id"].startswith("rare-")]
    assert common == before
    assert len(after) - len(common) > 100


def _without_reason(resource: dict) -> dict:
    return {name: value for name, value in resource.items() if name != "reasonCode"}


@pytest.mark.slow
def test_compressed_files_hold_the_same_bytes(tmp_path: Path, small_practice: Path):
    simulate(replace(SMALL, is_gzip=True), tmp_path)
    packed = {name[:-3]: gzip.decompress(content) for name, content in _contents(tmp_path).items() if name.endswith(".gz")}
    assert packed == {name: content for name, content in _contents(small_practice).items() if name in packed}
    assert all(name.endswith((".gz", ".json", ".toml", ".parquet")) for name in _contents(tmp_path))


@pytest.mark.parametrize("source", ["crm", "billing"])
def test_every_csv_row_fits_its_contract_and_every_extract_is_delivered(source: str, clean: Path):
    for extract, contract in SOURCE_KINDS[source].extracts.items():
        paths = sorted(clean.glob(f"{source}/*/{extract}.csv"))
        assert len(paths) == (0 if extract in _OPTIONAL else 2), extract
        for path in paths:
            text = pl.read_csv(path, infer_schema=False)
            left_out = [name for name in contract.fields if name not in text.columns]
            assert text.columns == [name for name in contract.fields if name in text.columns]
            assert all(contract.fields[name].nullable for name in left_out), left_out
            text = text.with_columns(pl.lit(None, pl.String).alias(name) for name in left_out).select(*contract.fields)
            rows = text.with_columns(_parse(name, column.dtype.type) for name, column in contract.fields.items())
            contract.schema.validate(rows, lazy=True)
            assert not rows.select(contract.key).is_duplicated().any(), path


def _parse(name: str, dtype: pl.DataType) -> pl.Expr:
    text = pl.col(name)
    if dtype == INSTANT:
        return text.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC")
    if dtype == pl.Date:
        return text.str.to_date()
    return text == "true" if dtype == pl.Boolean else text.cast(dtype)


def test_nobody_writes_pays_books_or_checks_in_through_the_portal_who_never_logs_in_and_no_account_is_older_than_its_offer(
    clean: Path,
):
    """A patient's page said "never in the portal" beside a message that the patient had written there."""
    events = pl.concat([pl.read_csv(path, infer_schema=False) for path in clean.glob("crm/*/portal_events.csv")])
    touches = pl.concat([pl.read_csv(path, infer_schema=False) for path in clean.glob("crm/*/touches.csv")])
    wrote = touches.filter(pl.col("channel") == "portal")
    assert set(wrote["direction"]) == {"inbound"}
    of = {event: set(part["contact_id"]) for (event,), part in events.group_by("event_type")}
    for users in (of["message"], of["payment"], of["booking"], of["check_in"], set(wrote["contact_id"])):
        assert users and users <= of["login"]
    first = events.group_by("contact_id", "event_type").agg(pl.col("event_at").min())
    offered, others = (first.filter((pl.col("event_type") == "offered") == is_offer) for is_offer in (True, False))
    assert others.join(offered, on="contact_id").filter(pl.col("event_at") < pl.col("event_at_right")).is_empty()


def test_every_line_is_a_resource_of_its_files_type_and_refers_to_resources_that_are_there(clean: Path):
    types = {path.name.split(".")[0] for path in clean.glob("ehr/*/*.ndjson")}
    assert types <= SOURCE_KINDS["ehr"].extracts.keys()
    known = {f"{name}/{resource['id']}" for name in types for resource in _resources(clean, name)}
    for resource in _resources(clean):
        missing = [reference for reference in _references(resource) if reference not in known]
        assert not missing, (resource["resourceType"], missing)


def _references(element: object) -> Iterator[str]:
    if isinstance(element, dict):
        for name, value in element.items():
            yield from [value] if name == "reference" else _references(value)
    elif isinstance(element, list):
        for value in element:
            yield from _references(value)


def test_no_element_is_written_that_the_contract_does_not_know(clean: Path):
    extra = {"resourceType", "category", "intent", "gender", "order"}
    for resource in _resources(clean):
        unknown = resource.keys() - SOURCE_KINDS["ehr"].extracts[resource["resourceType"]].fields.keys() - extra
        assert not unknown, (resource["resourceType"], unknown)


def test_the_manifest_names_every_file_of_its_delivery_and_no_other(small_practice: Path):
    for manifest in small_practice.glob("ehr/*/manifest.json"):
        content = json.loads(manifest.read_text())
        listed = [entry["url"] for entry in content["output"] + content["deleted"]]
        there = [path.name for path in manifest.parent.iterdir() if path != manifest]
        assert sorted(listed) == sorted(there)


def test_no_resource_was_changed_after_its_export_and_a_later_one_repeats_what_the_earlier_had(clean: Path):
    versions: dict[str, dict] = {}
    for manifest in sorted(clean.glob("ehr/*/manifest.json")):
        at = json.loads(manifest.read_text())["transactionTime"]
        lines = [json.loads(line) for path in manifest.parent.glob("*.ndjson") for line in path.read_text().splitlines()]
        assert all(resource["meta"]["lastUpdated"] <= at for resource in lines)
        versions[manifest.parent.name] = {f"{line['resourceType']}/{line['id']}": line for line in lines}
    first, last = versions.values()
    both = first.keys() & last.keys()
    assert any(first[key] == last[key] for key in both), "nothing overlaps"
    changed = [key for key in both if first[key] != last[key]]
    assert {"Appointment"} <= {key.split("/")[0] for key in changed}
    assert all(first[key]["meta"]["lastUpdated"] < last[key]["meta"]["lastUpdated"] for key in changed)


def test_a_file_is_delivered_again_under_another_name(small_practice: Path):
    for extract in ("crm/{}/leads{}.csv", "billing/{}/accounts{}.csv"):
        earlier, again = (small_practice / extract.format(*names) for names in (("2026-09-30", ""), ("2026-10-31", "-resent")))
        assert earlier.read_bytes() == again.read_bytes()


def test_every_deletion_in_the_sample_names_a_delivered_resource(small_practice: Path):
    (bundle,) = (json.loads(line) for line in (small_practice / "ehr/2026-10-31/deleted.ndjson").read_text().splitlines())
    deleted = {entry["request"]["url"] for entry in bundle["entry"]}
    earlier = small_practice / "ehr/2026-09-30"
    known = {
        f"{name}/{json.loads(line)['id']}"
        for name in ("Observation", "Appointment")
        for line in (earlier / f"{name}.ndjson").open()
    }
    assert deleted <= known
    assert {entry["request"]["method"] for entry in bundle["entry"]} == {"DELETE"}


@pytest.mark.slow
def test_a_practice_of_several_chunks_has_files_of_bounded_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("data_samples.simulator.simulate.CHUNK_PATIENTS", 25)
    n_rows = simulate(Simulation(n_patients=60, n_months=6, seed=5), tmp_path)
    names = sorted(path.name for path in tmp_path.glob("ehr/2026-09-30/Patient*"))
    assert names == ["Patient.000.ndjson", "Patient.001.ndjson", "Patient.002.ndjson"]
    patients = {resource["id"] for resource in _resources(tmp_path, "Patient*")}
    assert len({identity for identity in patients if not identity.endswith("-b")}) == 60
    assert n_rows["crm/contacts"] > 60 * 0.8
