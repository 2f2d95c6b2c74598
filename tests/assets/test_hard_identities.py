"""People who are easily taken for one another, and one person who is easily taken for two: `hard_identities.csv`, a case a story.

A record belongs to the `person` of its case. Whatever the `answer`, no two people may be merged: a wrong merge shows one person's
chart to another. `same`: all records of a person must be linked. `different`: there are two people, and that is all. `review`:
a person must decide.
"""

import json
from collections.abc import Callable
from datetime import date
from itertools import combinations
from pathlib import Path

import polars as pl
import pytest

from models.sources import SOURCE_KINDS
from pipelines.home import Home
from pipelines.practice import Practice
from pipelines.sql.connection import open_file
from pipelines.warehouse.build import build_warehouse

HARD = pl.read_csv(Path(__file__).with_name("hard_identities.csv"), infer_schema=False).with_columns(
    pl.col("case", "story", "answer").forward_fill()
)
CASES = HARD["case"].unique(maintain_order=True).to_list()
NOON = "2026-01-05T12:00:00Z"
FLAT = {"crm": ("contacts", "contact_id"), "billing": ("accounts", "account_id")}


def _chart(row: dict) -> dict:
    ways = [{"system": system, "value": row[system]} for system in ("phone", "email") if row[system]]
    given = [row["first_name"]] if row["first_name"] else []
    return {
        "resourceType": "Patient",
        "id": row["record_id"],
        "identifier": [{"type": {"coding": [{"code": "MR"}]}, "system": f"urn:{row['source']}", "value": row["mrn"]}],
        "name": [{"use": "official", "family": row["last_name"], "given": given}],
        "gender": row["sex"] or "unknown",
        "telecom": ways,
        "address": [{"line": [row["address_line"]] if row["address_line"] else [], "postalCode": row["postal_code"]}],
    } | ({"birthDate": row["birth_date"]} if row["birth_date"] else {})


def _write(folder: Path, source: str, records: pl.DataFrame) -> None:
    folder.mkdir()
    if source.startswith("ehr"):
        lines = [json.dumps(_chart(row)) + "\n" for row in records.iter_rows(named=True)]
        (folder / "Patient.ndjson").write_text("".join(lines), encoding="utf-8")
        return
    extract, key = FLAT[source]
    fixed = {"updated_at": NOON, "created_at": NOON, "is_do_not_contact": "false", "is_deceased": "false"}
    columns = list(SOURCE_KINDS[source].extracts[extract].fields)
    rows = records.rename({"record_id": key}).with_columns(**{name: pl.lit(value) for name, value in fixed.items()})
    rows.select(pl.col(name) if name in rows.columns else pl.lit(None, pl.String).alias(name) for name in columns).write_csv(
        folder / f"{extract}.csv"
    )


@pytest.fixture(scope="module")
def resolved(tmp_path_factory: pytest.TempPathFactory, new_home: Callable[[], Home]) -> pl.DataFrame:
    """Every record with its `patient_key`, and whether it `is_reviewed`: stands in a pair that a person must decide."""
    folder = tmp_path_factory.mktemp("hard")
    sources = {source: folder / source.replace(":", "_") for source in HARD["source"].unique()}
    for source, place in sources.items():
        _write(place, source, HARD.filter(pl.col("source") == source))
    practice = Practice("hard", "Hard identities", "America/New_York", sources, as_of=date(2026, 11, 1))
    warehouse = build_warehouse(new_home(), practice, select=["+int_identity__reviews"])
    with open_file(warehouse, read_only=True) as connection:
        links = connection.sql("""
            select
                links.source_system as source,
                links.source_id as record_id,
                links.patient_key,
                count(reviews.review_key) > 0 as is_reviewed
            from intermediate.int_identity__patient_links as links
            left join intermediate.int_identity__reviews as reviews
                on (links.source_system, links.source_id) in (
                    (reviews.left_source_system, reviews.left_id), (reviews.right_source_system, reviews.right_id)
                )
            group by all
        """).pl()
    return HARD.join(links, on=["source", "record_id"], how="left", validate="1:1")


def _pairs(records: pl.DataFrame) -> list[tuple[dict, dict]]:
    return list(combinations(records.iter_rows(named=True), 2))


def test_there_are_at_least_forty_cases_and_every_record_is_resolved(resolved: pl.DataFrame):
    assert len(CASES) >= 40
    assert resolved["patient_key"].null_count() == 0


@pytest.mark.parametrize("case", CASES)
def test_no_two_people_are_merged(resolved: pl.DataFrame, case: str):
    pairs = _pairs(resolved.filter(pl.col("case") == case))
    wrong = [
        (one["record_id"], other["record_id"])
        for one, other in pairs
        if one["person"] != other["person"] and one["patient_key"] == other["patient_key"]
    ]
    assert wrong == []


@pytest.mark.parametrize("case", HARD.filter(pl.col("answer") == "same")["case"].unique(maintain_order=True).to_list())
def test_one_person_is_recognised(resolved: pl.DataFrame, case: str):
    people = resolved.filter(pl.col("case") == case).group_by("person").agg(pl.col("patient_key").n_unique())
    assert people["patient_key"].to_list() == [1] * len(people)


@pytest.mark.parametrize("case", HARD.filter(pl.col("answer") == "review")["case"].unique(maintain_order=True).to_list())
def test_doubtful_pairs_wait_for_a_persons_decision(resolved: pl.DataFrame, case: str):
    assert resolved.filter(pl.col("case") == case)["is_reviewed"].any()


def test_records_of_different_cases_are_never_merged(resolved: pl.DataFrame):
    assert resolved.group_by("patient_key").agg(pl.col("case").n_unique())["case"].max() == 1
