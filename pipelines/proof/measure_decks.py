"""Compares the measures with the measure stewards' test decks: same landing, same models, expected against actual results.

A deck is a folder with `expected.csv`, `fhir/<measure>/<resource type>.ndjson` and optionally `valuesets.csv` and
`direct_codes.csv`. Each measure's folder is landed as a separate EHR, because resource ids repeat across measures; several decks
may have cases of one measure.
"""

import shutil
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import orjson
import polars as pl

from models.extracts.ehr import EXTRACTS
from pipelines.errors import UsageError
from pipelines.home import CHECKOUT, Home
from pipelines.practice import Practice
from pipelines.progress import Progress, silent
from pipelines.raw.value_sets import load_value_sets
from pipelines.sql.connection import open_file
from pipelines.warehouse.build import build_warehouse

MODELS = CHECKOUT / "dbt_project" / "models" / "intermediate" / "measures"
CASE_TAG = "urn:ecqm:case"
POPULATIONS = {
    "initial-population": "count(*)",
    "denominator": "count(*) filter (where is_denominator)",
    "denominator-exclusion": "count(*) filter (where is_denominator_exclusion)",
    "denominator-exception": "count(*) filter (where is_denominator_exception)",
    "numerator": "count(*) filter (where is_numerator)",
}
UNBOUNDED = "9000-01-01"  # macro unbounded_future
EVENTS = ["encounters", "conditions", "observations", "procedures", "immunizations", "allergies", "adverse_events"]
EVENTS += ["medication_requests", "medication_dispenses", "service_requests", "device_requests", "communications"]

READ = {
    "intermediate.int_clinical__patient_records",
    "intermediate.int_measures__missing_value_sets",
    "intermediate.int_measures__periods",
    "staging.stg_value_sets__sets",
    *(f"intermediate.int_clinical__{kind}" for kind in EVENTS),
}
"""The tables that are read here, beside the measures'."""


@dataclass(frozen=True)
class Disagreement:
    """One population of one case whose result differs from the expected one, with the patient's relevant events."""

    case: str
    group: str
    population: str
    expected: int
    actual: int
    title: str
    events: list[str]


@dataclass(frozen=True)
class Agreement:
    """Agreement of one measure with the deck. Not `known`: it has no model. `missing_value_sets` disable a known measure.

    `n_quarantined`: rows of its folder that landing quarantined; they may cause disagreements.
    """

    measure: str
    known: bool
    n_cases: int
    n_agree: int = 0
    n_populations: int = 0
    n_populations_agree: int = 0
    n_quarantined: int = 0
    missing_value_sets: list[str] = field(default_factory=list)
    disagreements: list[Disagreement] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        return self.n_cases == self.n_agree


def measure_models() -> dict[str, str]:
    """The dbt model of each measure: `CMS125` -> `cms125_breast_cancer_screening`."""
    return {path.stem.partition("_")[0].upper(): path.stem for path in sorted(MODELS.glob("cms*.sql"))}


def conform(
    decks: Sequence[Path],
    home: Home,
    *,
    value_sets: Path | None = None,
    measure: str | None = None,
    engine: str = "duckdb",
    progress: Progress = silent,
) -> list[Agreement]:
    """Evaluate the decks together in a temporary home, and compare every group population of every case with the expected one.

    `value_sets`: a file or folder to load instead of the decks' own; without either, those loaded in `home` are used. `measure`
    limits the evaluation to one measure, `engine` derives the tables. Strata are not compared. Raises `UsageError` if one of
    `decks` is not a deck, and what landing and dbt raise.
    """
    expected = _expected(decks, measure)
    models = {code: model for code, model in measure_models().items() if code in set(expected["cms_id"])}
    known = expected.filter(pl.col("cms_id").is_in(list(models)))
    if known.is_empty():
        return [_unknown(code, rows) for (code,), rows in expected.group_by("cms_id", maintain_order=True)]
    with tempfile.TemporaryDirectory(prefix="caregap-conform-") as folder:
        scratch = Home(Path(folder) / "home")
        scratch.root.mkdir(mode=0o700)
        home.dbt.mkdir(parents=True, exist_ok=True)
        scratch.dbt.symlink_to(home.dbt)  # the parsed project, 15 s of work
        progress("Value sets: load")
        _value_sets(decks, home, scratch, value_sets)
        practice = _practice(decks, known, Path(folder) / "sheets")
        practice = replace(practice, engine=engine, is_spark_storage_encrypted=True)  # a deck has no patients
        progress("Measures: land the cases and evaluate them")
        select = [f"+{model}" for model in models.values()] + [
            "+path:models/intermediate/clinical",
            "+int_measures__missing_value_sets",
        ]
        read = READ | {f"intermediate.{model}" for model in models.values()}
        with open_file(build_warehouse(scratch, practice, select=select, read=read), read_only=True) as connection:
            compared = expected.join(_actual(connection, models), on=KEY, how="left", maintain_order="left")
            compared = compared.with_columns(pl.col("actual").fill_null(0))
            missing = _missing(connection)
            return [
                _agreement(connection, code, rows, missing[code]) if code in models else _unknown(code, rows)
                for (code,), rows in compared.group_by("cms_id", maintain_order=True)
            ]


def _expected(decks: Sequence[Path], measure: str | None) -> pl.DataFrame:
    rows = pl.concat([_expected_of(deck) for deck in decks], how="diagonal").unique(maintain_order=True)
    if measure:
        rows = rows.filter(pl.col("cms_id") == measure.upper())
        if rows.is_empty():
            raise UsageError(f"{', '.join(str(deck) for deck in decks)}: no cases of {measure}.")
    number = pl.col("cms_id").str.extract(r"(\d+)").cast(pl.Int64)
    return rows.with_columns(pl.col("expected").cast(pl.Float64).cast(pl.Int64)).sort(number, maintain_order=True)


def _expected_of(deck: Path) -> pl.DataFrame:
    path = deck / "expected.csv"
    if not path.is_file() or not (deck / "fhir").is_dir():
        raise UsageError(f"{deck}: not a test deck. It needs expected.csv and fhir/<measure>/*.ndjson.")
    rows = pl.read_csv(path, infer_schema=False).filter(pl.col("stratifier_id").fill_null("") == "")
    return rows.filter(pl.col("population_code").is_in(list(POPULATIONS)))


def _value_sets(decks: Sequence[Path], home: Home, scratch: Home, given: Path | None) -> None:
    own = [deck / name for deck in decks for name in ("valuesets.csv", "value_sets") if (deck / name).exists()]
    loaded = [given] if given else own
    if not loaded and (home.root / "value_sets").is_dir():
        shutil.copytree(home.root / "value_sets", scratch.root / "value_sets")
    if not loaded:
        return
    # Codes that a measure names directly are stored beside the value sets
    beside = {folder / "direct_codes.csv" for folder in [*decks, *(codes.parent for codes in loaded)]}
    for codes in [*loaded, *sorted(path for path in beside if path.is_file() and path not in loaded)]:
        load_value_sets(scratch, codes)


def _practice(decks: Sequence[Path], expected: pl.DataFrame, sheets: Path) -> Practice:
    years = {date.fromisoformat(start).year for start in expected["period_start"].unique()}
    sources: dict[str, Path] = {}
    for name in expected["measure"].unique(maintain_order=True):
        folders = _partitions([deck / "fhir" / name for deck in decks], sheets / name)
        sources |= {f"ehr:{name}{'' if n == 0 else f'.{n}'}": folder for n, folder in enumerate(folders)}
    return Practice(
        id="conform",
        name="Test deck",
        time_zone="UTC",
        sources=sources,
        as_of=date(max(years), 12, 31),
        variables={
            "resolve_identity": False,
            "rolling_month_ends": 0,
            "reporting_year": max(years),
            "earlier_years": max(years) - min(years),
        },
    )


def _partitions(folders: Sequence[Path], target: Path) -> list[Path]:
    """The cases of one measure, partitioned so that an id of a resource type occurs once per folder, as in an EHR."""
    paths = [path for folder in folders for path in sorted(folder.glob("*.ndjson"))]
    lines = dict.fromkeys((path.name, line) for path in paths for line in path.read_bytes().splitlines() if line)
    resources = [(name, *_of_its_patient(line)) for name, line in lines]
    ids_of_case: dict[str, set[Any]] = defaultdict(set)
    for name, _, resource in resources:
        ids_of_case[_case(resource)].add((name, resource.get("id")))
    sheets: list[set[Any]] = []
    sheet_of_case = {}
    for case, ids in ids_of_case.items():
        number = next((n for n, taken in enumerate(sheets) if not taken & ids), len(sheets))
        sheets += [set()] if number == len(sheets) else []
        sheets[number] |= ids
        sheet_of_case[case] = number
    used = list(dict.fromkeys(path.parent for path in paths))
    if len(sheets) < 2 and len(used) < 2 and [line for _, line, _ in resources] == [line for _, line in lines]:
        return used
    for name, line, resource in resources:
        place = target / str(sheet_of_case[_case(resource)])
        place.mkdir(parents=True, exist_ok=True)
        with (place / name).open("ab") as file:
            file.write(line + b"\n")
    return [target / str(number) for number in range(len(sheets))]


PATIENT = {contract.name: {"subject", "patient", "beneficiary", "for"} & set(contract.fields) for contract in EXTRACTS.values()}
"""The element of a resource type that names its patient."""


def _of_its_patient(line: bytes) -> tuple[bytes, dict[str, Any]]:
    """A resource, as a line and read. A case is one patient: what names none, as FHIR allows, or one of another server,
    as a hospice order of CMS159 does, is of the case's."""
    resource = orjson.loads(line)
    patient = f"Patient/{_case(resource).rpartition('/')[2]}"
    for element in PATIENT.get(resource.get("resourceType"), set()):
        named = resource.get(element) or {"reference": ""}
        if named.get("reference") == "" or named.get("reference", patient).rpartition("/")[0].endswith("/Patient"):
            resource[element] = {**named, "reference": patient}
            line = orjson.dumps(resource)
    return line, resource


def _case(resource: dict[str, Any]) -> str:
    tags = resource.get("meta", {}).get("tag", [])
    return next((tag.get("code", "") for tag in tags if tag.get("system") == CASE_TAG), "")


KEY = ["measure", "cms_id", "patient_id", "group_id", "population_code", "period_start"]


def _actual(connection: duckdb.DuckDBPyConnection, models: dict[str, str]) -> pl.DataFrame:
    """Number of units in each non-empty population: the columns of `KEY`, and `actual`."""
    counts = ", ".join(f'{count} as "{population}"' for population, count in POPULATIONS.items())
    schema = dict.fromkeys(KEY, pl.String) | {"actual": pl.Int64}
    frames = [pl.DataFrame(schema=schema)]
    for code, model in models.items():
        results = connection.sql(
            f"""
            select
                split_part(split_part(records.source_system, ':', 2), '.', 1) as measure,
                '{code}' as cms_id,
                records.patient_id,
                results.group_id,
                cast(periods.period_start_on as varchar) as period_start,
                {counts}
            from intermediate.{model} as results
            inner join intermediate.int_measures__periods as periods using (period_key)
            inner join intermediate.int_clinical__patient_records as records using (patient_key)
            group by all
            """
        ).pl()
        long = results.unpivot(list(POPULATIONS), index=KEY[:4] + KEY[5:], variable_name="population_code", value_name="actual")
        frames.append(long.select(list(schema)).cast(pl.Schema(schema)))
    return pl.concat(frames)


def _missing(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    rows = connection.sql("select measure_code, title from intermediate.int_measures__missing_value_sets order by all").fetchall()
    missing = defaultdict(list)
    for code, title in rows:
        missing[code].append(title)
    return missing


def _unknown(code: str, rows: pl.DataFrame) -> Agreement:
    return Agreement(code, known=False, n_cases=rows["case_id"].n_unique())


def _agreement(connection: duckdb.DuckDBPyConnection, code: str, rows: pl.DataFrame, missing: list[str]) -> Agreement:
    """`rows`: expected and actual results of one measure. A disabled measure agrees with nothing."""
    wrong = rows.filter(pl.col("expected") != pl.col("actual")) if not missing else rows
    n_cases = rows["case_id"].n_unique()
    disagreements = [
        Disagreement(
            case=row["case_id"],
            group=row["group_id"],
            population=row["population_code"],
            expected=row["expected"],
            actual=row["actual"],
            title=row["case_title"] or "",
            events=_events(connection, code, row["measure"], row["patient_id"]),
        )
        for row in wrong.iter_rows(named=True)
        if not missing
    ]
    return Agreement(
        measure=code,
        known=True,
        n_cases=n_cases,
        n_agree=n_cases - wrong["case_id"].n_unique(),
        n_populations=rows.height,
        n_populations_agree=rows.height - wrong.height,
        n_quarantined=_quarantined(connection, rows["measure"][0]),
        missing_value_sets=missing,
        disagreements=disagreements,
    )


def _quarantined(connection: duckdb.DuckDBPyConnection, measure: str) -> int:
    source = "split_part(split_part(source_system, ':', 2), '.', 1)"
    query = f"select count(distinct (file_key, row_number)) from raw.quarantined_rows where {source} = ?"
    return connection.execute(query, [measure]).fetchall()[0][0]


def _events(connection: duckdb.DuckDBPyConnection, code: str, measure: str, patient_id: str) -> list[str]:
    """One line for each of the patient's events that is in a value set of the measure, or has a direct reference code."""
    kinds = " union all by name ".join(f"select '{kind}' as kind, * from intermediate.int_clinical__{kind}" for kind in EVENTS)
    rows = connection.execute(
        f"""
        select concat_ws(
            ' ', kind, value_set, cast(lo_on_earliest as varchar) || '..' || cast(hi_on_latest as varchar), status,
            case when is_performed is false or is_verified is false then 'does not count' end, code_name, value_text
        )
        from ({kinds})
        where patient_key in (
            select patient_key from intermediate.int_clinical__patient_records
            where split_part(split_part(source_system, ':', 2), '.', 1) = $measure and patient_id = $patient_id
        ) and (
            value_set in (select value_set from seeds.measure_value_sets where measure_code = $code)
            or value_set in (select value_set from staging.stg_value_sets__sets where value_set_url like 'urn:caregap:direct:%')
        )
        order by lo_on_earliest, kind, value_set
        """,
        {"measure": measure, "patient_id": patient_id, "code": code},
    ).fetchall()
    return [line.replace(f"..{UNBOUNDED}", " on") for (line,) in rows]
