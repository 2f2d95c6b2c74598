"""Reads value set files: FHIR ValueSet JSON (one, or a Bundle), and VSAC's spreadsheet or CSV downloads.

Every reader returns a frame of `CODES`, or of `DIRECT_CODES` for codes that measures name without a value set.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from pipelines.errors import ExtractRefused

CODES = {"value_set_url": pl.String, "value_set_oid": pl.String, "version": pl.String, "title": pl.String}
CODES |= {"system": pl.String, "code": pl.String}
DIRECT_CODES = {"measure_code": pl.String, "system": pl.String, "code": pl.String}

VSAC_URL = "http://cts.nlm.nih.gov/fhir/ValueSet/"
# Codes per page of an expansion from VSAC.
PAGE = 1_000
SYSTEMS = {
    "ADMINISTRATIVEGENDER": "http://hl7.org/fhir/administrative-gender",
    "CDCREC": "urn:oid:2.16.840.1.113883.6.238",
    "CDT": "http://www.ada.org/cdt",
    "CPT": "http://www.ama-assn.org/go/cpt",
    "CVX": "http://hl7.org/fhir/sid/cvx",
    "HCPCS": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "HCPCS LEVEL II": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "HCPCSLEVELII": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "ICD10CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "ICD10PCS": "http://www.cms.gov/Medicare/Coding/ICD10",
    "LOINC": "http://loinc.org",
    "RXNORM": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "SNOMEDCT": "http://snomed.info/sct",
    "SOP": "https://nahdo.org/sopt",
}
"""VSAC's names of code systems, and the URIs that FHIR gives them (terminology.hl7.org)."""

_COLUMNS = {
    "code": "code",
    "code system": "system",
    "system": "system",
    "oid": "value_set_oid",
    "value set oid": "value_set_oid",
    "url": "value_set_url",
    "value_set_url": "value_set_url",
    "value_set_oid": "value_set_oid",
    "version": "version",
    "definition version": "version",
    "expansion version": "version",
    "title": "title",
    "value set name": "title",
    "cms_id": "measure_code",
    "cms id": "measure_code",
    "measure_code": "measure_code",
}


@dataclass(frozen=True)
class ValueSetFile:
    """What a file holds. `codes`: a frame of `CODES`, or of `DIRECT_CODES` if the file names measures and no value set.

    `cut`: by URL, the value sets of which nothing is taken, because codes would be missing, each with how many there are.
    """

    codes: pl.DataFrame
    cut: dict[str, str] = field(default_factory=dict)


def read_value_set_file(path: Path) -> ValueSetFile:
    """Read one file; a ValueSet is whole if it is fully expanded, or enumerated by its `compose`.

    Raises `ExtractRefused` if the file has none of these formats.
    """
    match path.suffix.lower():
        case ".json":
            return _json(path)
        case ".csv" | ".txt":
            try:
                text = pl.read_csv(path, has_header=False, infer_schema=False, encoding="utf8-lossy", truncate_ragged_lines=True)
            except pl.exceptions.PolarsError:
                raise ExtractRefused(f"{path.name}: cannot be read as CSV. Load VSAC's download as it is.") from None
            return ValueSetFile(_table(path, text.rows()))
        case ".xlsx":
            return ValueSetFile(_sheets(path))
    raise ExtractRefused(
        f"{path.name}: not a value set file. Load .json (FHIR ValueSet or Bundle), .xlsx or .csv (VSAC download)."
    )


def _frame(rows: Iterable[dict[str, Any]], schema: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=schema, orient="row").unique(maintain_order=True)


def _sheets(path: Path) -> pl.DataFrame:
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True)
    tables = [[tuple(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets]
    tables = [rows for rows in tables if _header(rows) is not None]
    if not tables:
        raise ExtractRefused(
            f"{path.name}: no sheet has the columns `Code` and `Code System`. Download the value set from VSAC again."
        )
    return pl.concat([_table(path, rows) for rows in tables]).unique(maintain_order=True)


def _header(rows: list[tuple[Any, ...]]) -> int | None:
    """The row that names the columns; VSAC writes a few lines about the value set above it."""
    names = ({str(cell).strip().lower() for cell in row if cell is not None} for row in rows)
    return next((n for n, row in enumerate(names) if "code" in row and row & {"code system", "system"}), None)


def _table(path: Path, rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    top = _header(rows)
    if top is None:
        raise ExtractRefused(f"{path.name}: no row names the columns `Code` and `Code System`. Load VSAC's download as it is.")
    about = {str(row[0]).strip().lower().rstrip(":"): row[1] for row in rows[:top] if len(row) > 1 and row[0] is not None}
    names = [_COLUMNS.get(str(cell).strip().lower()) for cell in rows[top]]
    above = {_COLUMNS[key]: str(value) for key, value in about.items() if key in _COLUMNS and value is not None}
    is_direct = "measure_code" in names and not {"value_set_oid", "value_set_url"} & {*names, *above}
    schema = DIRECT_CODES if is_direct else CODES
    # In a download of a single value set, column "Version" is the code system's; the value set's version is above the table.
    keep = {n: name for n, name in enumerate(names) if name in schema and not (name == "version" and "version" in above)}
    return _frame(_rows(path, rows[top + 1 :], keep, above), schema)


def _rows(path: Path, rows: list[tuple[Any, ...]], keep: dict[int, str], above: dict[str, str]) -> Iterator[dict[str, Any]]:
    for row in rows:
        values = above | {name: str(row[n]).strip() for n, name in keep.items() if n < len(row) and row[n] is not None}
        if not values.get("code") or not values.get("system"):
            continue
        system = values["system"]
        values["system"] = system if ":" in system else SYSTEMS.get(system.upper().replace("-", ""), system)
        if "measure_code" not in values:
            if not (values.get("value_set_url") or values.get("value_set_oid")):
                raise ExtractRefused(
                    f"{path.name}: neither a column nor a line above names the value set's OID. Load VSAC's download as it is."
                )
            values["value_set_url"] = values.get("value_set_url") or VSAC_URL + values["value_set_oid"]
            values["value_set_oid"] = values.get("value_set_oid") or values["value_set_url"].removeprefix(VSAC_URL)
        yield values


def _json(path: Path) -> ValueSetFile:
    try:
        document = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        raise ExtractRefused(f"{path.name}: not valid JSON. Download it again.") from None
    entries = document.get("entry") if isinstance(document, dict) and "entry" in document else [{"resource": document}]
    found = [entry.get("resource") for entry in entries or [] if isinstance(entry, dict)]
    resources = [resource for resource in found if isinstance(resource, dict)]
    sets = {
        resource["url"]: resource for resource in resources if resource.get("resourceType") == "ValueSet" and resource.get("url")
    }
    if not sets:
        raise ExtractRefused(f"{path.name}: holds no FHIR ValueSet with a url. Give a ValueSet, or a Bundle of them.")
    rows: list[dict[str, Any]] = []
    cut: dict[str, str] = {}
    for url, resource in sets.items():
        about = {"value_set_url": url, "value_set_oid": url.removeprefix(VSAC_URL), "version": resource.get("version")}
        about["title"] = resource.get("title") or resource.get("name")
        try:
            rows += [about | {"system": system, "code": code} for system, code in _codes(resource, sets)]
        except _CutError as error:
            cut[url] = str(error)
    return ValueSetFile(_frame(rows, CODES), cut)


class _CutError(Exception):
    """A value set of which not all codes are there; says in words how many."""


def _codes(resource: dict[str, Any], sets: dict[str, dict[str, Any]], seen: frozenset[str] = frozenset()) -> set[tuple[str, str]]:
    """The expansion, or if it is missing or cut off (VSAC's API stops at 1,000 codes), what `compose` enumerates.

    FHIR R4, ValueSet: `include.valueSet` narrows `include.concept`; `exclude` removes codes. An expansion without a total counts
    as cut off if it ends with a full page. Raises `_CutError` where codes are missing.
    """
    expansion = resource.get("expansion", {})
    listed = list(_contains(expansion.get("contains", [])))
    codes = set(listed)
    is_full_page = len(listed) > 0 and len(listed) % PAGE == 0
    if expansion and ("total" in expansion or not is_full_page) and expansion.get("total", 0) <= len(listed):
        return codes
    compose, url = resource.get("compose", {}), resource["url"]
    if not compose.get("include"):
        raise _incomplete(url, len(codes), expansion)
    included: set[tuple[str, str]] = set()
    excluded: set[tuple[str, str]] = set()
    for part, into in [(p, included) for p in compose.get("include", [])] + [(p, excluded) for p in compose.get("exclude", [])]:
        others = [reference.partition("|")[0] for reference in part.get("valueSet", [])]
        if part.get("filter") or ("concept" not in part and not others) or any(o not in sets or o in seen for o in others):
            raise _incomplete(url, len(codes), expansion)
        concepts = [{(part.get("system", ""), concept["code"]) for concept in part["concept"]}] if "concept" in part else []
        into |= set.intersection(*concepts, *(_codes(sets[other], sets, seen | {url}) for other in others))
    return codes | (included - excluded)


def _incomplete(url: str, n_codes: int, expansion: dict[str, Any]) -> _CutError:
    return _CutError(
        f"{url} is expanded to {n_codes:,} codes of {expansion.get('total', 'an unknown number')}, and its compose does not list "
        "the rest"
    )


def _contains(entries: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for entry in entries:
        if entry.get("code") and entry.get("system") and not entry.get("abstract"):
            yield entry["system"], entry["code"]
        yield from _contains(entry.get("contains", []))
