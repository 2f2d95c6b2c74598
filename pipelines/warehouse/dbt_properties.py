"""Writes dbt's properties from the contracts: sources, published models, their types, PHI classes and tests.

`python -m pipelines.warehouse.dbt_properties` writes the files; `--check` exits with 1 where one is out of date.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import click
import pandera.polars as pa
import yaml

from models.contract import Contract
from models.extracts import EXTRACTS
from models.landing import FHIR_METADATA, LANDING, METADATA, raw_table
from models.published import PUBLISHED
from pipelines.home import CHECKOUT
from pipelines.sql.types import sql_type

MODELS = CHECKOUT / "dbt_project" / "models"
HEADER = "# Written by `make contracts` from models/; change the contract, not this file.\n"


def _column(name: str, column: pa.Column) -> dict:
    return {
        "name": name,
        "description": column.description,
        "data_type": sql_type(column.dtype.type),
        "config": {"meta": {"phi": column.metadata["phi"].value}},
    }


def _column_tests(name: str, column: pa.Column, contract: Contract) -> Iterator[str | dict]:
    if contract.key == (name,):
        yield "unique"
    if values := column.metadata["values"]:
        yield {"accepted_values": {"arguments": {"values": list(values)}}}
    if refers_to := column.metadata["refers_to"]:
        table, field = refers_to.split(".")
        yield {"relationships": {"arguments": {"to": f"ref('{table}')", "field": field}}}


def _published(name: str, contract: Contract) -> dict:
    """A published table with its types and the tests of its grain, values and references.

    A required field is a constraint: DuckDB keeps it while it writes the table. Each test costs dbt some 20 ms, and there were
    250 of that kind alone.
    """
    table: dict = {"name": name, "description": contract.description}
    if len(contract.key) > 1:
        table["data_tests"] = [{"unique_combination": {"arguments": {"columns": list(contract.key)}}}]
    columns = []
    for field, column in contract.fields.items():
        entry = _column(field, column)
        if not column.nullable:
            entry["constraints"] = [{"type": "not_null"}]
        if tests := list(_column_tests(field, column, contract)):
            entry["data_tests"] = tests
        columns.append(entry)
    return table | {"columns": columns}


def _source(name: str, contract: Contract, metadata: Mapping[str, pa.Column] = MappingProxyType({})) -> dict:
    """A table that dbt did not make: who made it has checked it, the gate at raw and the contract check at ml."""
    columns = [_column(field, column) for field, column in {**metadata, **contract.fields}.items()]
    return {"name": name, "description": contract.description, "columns": columns}


def _sources() -> dict:
    extracts = [
        _source(raw_table(source, name), contract, FHIR_METADATA if source == "ehr" else METADATA)
        for source, contracts in EXTRACTS.items()
        for name, contract in contracts.items()
    ]
    landing = [_source(name, contract) for name, contract in LANDING.items()]
    raw = {
        "name": "raw",
        "schema": "raw",
        "description": "What was delivered, in its current version.",
        "tables": extracts + landing,
    }
    scores = [_source(table.removeprefix("ml."), contract) for table, contract in PUBLISHED.items() if table.startswith("ml.")]
    ml = {"name": "ml", "schema": "ml", "description": "What the models learnt.", "tables": scores}
    return {"version": 2, "sources": [source for source in (raw, ml) if source["tables"]]}


def _models(layer: str) -> dict:
    tables = {table.removeprefix(f"{layer}."): contract for table, contract in PUBLISHED.items() if table.startswith(f"{layer}.")}
    return {"version": 2, "models": [_published(name, contract) for name, contract in sorted(tables.items())]}


def properties() -> dict[Path, str]:
    """The text of every generated file, by its path."""
    documents = {
        MODELS / "staging" / "_sources.yml": _sources(),
        MODELS / "marts" / "_properties.yml": _models("marts"),
        MODELS / "delivery" / "_properties.yml": _models("delivery"),
    }
    return {
        path: HEADER + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10_000)
        for path, document in documents.items()
    }


def outdated() -> list[Path]:
    """The generated files that do not say what the contracts say."""
    return [path for path, text in properties().items() if not path.is_file() or path.read_text(encoding="utf-8") != text]


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where a file is out of date.")
def main(check: bool) -> None:
    """Write dbt's properties from the contracts in models/."""
    stale = outdated()
    for path in stale:
        click.echo(f"{'out of date, run `make contracts`' if check else 'written'}: {path.relative_to(CHECKOUT)}")
    if check:
        sys.exit(1 if stale else 0)
    for path, text in properties().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
