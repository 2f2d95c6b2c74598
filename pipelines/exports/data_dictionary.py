"""Writes the data dictionary: all contracts as a page for analysts."""

from collections.abc import Iterator

from models.contract import Contract
from models.published import PUBLISHED
from models.sources import SOURCE_KINDS
from pipelines.sql.types import sql_type

INTRODUCTION = """\
# Data dictionary

Written by `caregap docs` from the contracts in `models/`. PHI: `direct` identifies a person by itself and is only in
`warehouse.duckdb`; `quasi` identifies in combination and is coarsened or absent in `deidentified.duckdb`; `none` does not
identify a person.
"""


def data_dictionary() -> str:
    """The dictionary as Markdown: published tables, then extracts, each with grain, key and columns."""
    parts = [INTRODUCTION, "# Published tables\n"]
    parts += [_section(table, contract) for table, contract in PUBLISHED.items()]
    for source, kind in SOURCE_KINDS.items():
        parts.append(f"# Extracts: {source}\n")
        parts += [_section(f"{source}/{name}", contract) for name, contract in kind.extracts.items()]
    return "\n".join(parts)


def _section(title: str, contract: Contract) -> str:
    key = ", ".join(f"`{name}`" for name in contract.key) or "none"
    head = f"## {title}\n\n{contract.description} Key: {key}.\n\n"
    return head + "| column | type | PHI | | description |\n|---|---|---|---|---|\n" + "".join(_rows(contract)) + "\n"


def _rows(contract: Contract) -> Iterator[str]:
    for name, field in contract.fields.items():
        kind = sql_type(field.dtype.type)
        kind = kind if len(kind) <= 40 else kind.partition("(")[0] + " (nested)"
        rules = [] if field.nullable else ["required"]
        if values := field.metadata["values"]:
            rules.append("one of " + ", ".join(values))
        if refers_to := field.metadata["refers_to"]:
            rules.append(f"finds {refers_to}")
        yield f"| `{name}` | {kind} | {field.metadata['phi']} | {'; '.join(rules)} | {field.description} |\n".replace("\n ", " ")
