"""Whose a landed row is: the person's whom its columns name, or to whose other rows they lead.

Taken from the contracts alone. A column names a record
- by reference, in a FHIR resource: `subject`, `participant[].actor` …, to an id or an identifier;
- by bearing the name of another extract's key: `contact_id`, `account_id`, `claim_id`;
- by three columns that say of which source, which kind and which id: `left_source_system`, `left_record_type`, `left_id`.

A row that names nobody but the person, or a row of theirs, is theirs: a claim of their account, a payment of that claim. A row of
several patients, such as a group visit, is not, and only what names the person is taken out of it.
"""

from dataclasses import dataclass, field
from functools import cache

import polars as pl

from models import fhir_reference
from models.contract import Contract, Dtype
from models.fhir_reference import IDENTIFIED, PERSON
from models.sources import SOURCE_KINDS, SourceKind
from pipelines.extract.bundles import DELETED
from pipelines.sql.literals import literal
from pipelines.sql.types import sql_type

RECORD_EXTRACTS = {
    "ehr_patient": ("ehr", "Patient"),
    "crm_contact": ("crm", "contacts"),
    "billing_account": ("billing", "accounts"),
}
"""The kind of source and the extract of each type of record that may be a person's."""
PERSONS = (PERSON, IDENTIFIED)
"""The kinds of name that are of a patient, in FHIR."""
_FHIR_ANCHORS = (PERSON, "Encounter")
_REFERENCE = {"reference", "display", "identifier"}
_CLAIM_NUMBER = "patient_control_number"
"""A payer's answer may name a claim by nothing else (X12 835, CLP01)."""
_ALSO_NAMED = {("billing", "claims"): (_CLAIM_NUMBER,)}
_ALSO_NAMES = {("billing", "reference"): f"claims.{_CLAIM_NUMBER}"}


@dataclass(frozen=True)
class Naming:
    """A column that names records: `names` is SQL of a list of `{source_system, extract, id}`.

    `without` and `only` are SQL of the column without, or with nothing but, what the macro `is_theirs` says is theirs.
    """

    column: str
    names: str
    without: str
    only: str

    @classmethod
    def single(cls, column: str, names: str, theirs: str) -> "Naming":
        """A column with one value, which names a person where the SQL `theirs` holds."""
        kept, taken = (f'case when {said} then "{column}" end' for said in (f"not coalesce({theirs}, false)", theirs))
        return cls(column, names, kept, taken)

    @classmethod
    def list_of(cls, column: str, names: str, theirs: str, value: str = "") -> "Naming":
        """A column with a list, an element of which, `one`, names a person where the SQL `theirs` holds; `value`: SQL of the
        column, where that is not its name."""
        of = value or f'"{column}"'
        kept, taken = (
            f"list_filter({of}, lambda one: {said})" for said in (f"not coalesce({theirs}, false)", f"coalesce({theirs}, false)")
        )
        return cls(column, names, kept, taken)


@dataclass(frozen=True)
class Subjects:
    """How the rows of one extract name people. `by` are the columns that make a row theirs, `mentions` those that never do;
    `anchors` maps a name that other rows may call the row by to the SQL of the id; `identifiers`, to that of the list of ids, of
    which each counts only where no row of somebody else has it."""

    by: tuple[Naming, ...]
    mentions: tuple[Naming, ...]
    anchors: dict[str, str]
    identifiers: dict[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[Naming, ...]:
        return (*self.by, *self.mentions)


@cache
def subjects_of(kind_name: str, extract: str) -> Subjects | None:
    """How rows of an extract name people; None where they cannot, or the extract is not known."""
    kind = SOURCE_KINDS[kind_name]
    is_fhir = kind.reader == "fhir"
    if extract == DELETED:
        by: list[Naming] = [_deleted_resources()] if is_fhir else [_flat("row_id", '"extract"')]
        return Subjects(tuple(by), (), {})
    contract = kind.extracts.get(extract)
    if contract is None:
        return None
    if is_fhir:
        referring = tuple(found for name, column in contract.fields.items() if (found := _referring(name, column.dtype.type)))
        anchors = {extract: "id"} if extract in _FHIR_ANCHORS else {}
        own = (_flat("id", literal(PERSON)),)
        return (
            Subjects(own, referring, anchors, {IDENTIFIED: _IDENTIFIERS})
            if extract == PERSON
            else Subjects(referring, (), anchors)
            if referring
            else None
        )
    named = (*_pairs(contract), *_keyed(kind, contract))
    return Subjects(named, (), _anchors(kind, contract)) if named else None


def _keys(kind: SourceKind) -> dict[str, str]:
    """The extract whose rows a column of this name names, for every extract with a key of one column, and for claims."""
    keys = {contract.key[0]: name for name, contract in reversed(kind.extracts.items()) if len(contract.key) == 1}
    also = {
        column: f"{extract}.{column}"
        for (name, extract), columns in _ALSO_NAMED.items()
        if name == kind.name
        for column in columns
    }
    return keys | also | {column: what for (name, column), what in _ALSO_NAMES.items() if name == kind.name}


def _is_of_people(kind: SourceKind, extract: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether the rows of an extract are people's: it is that of persons, or a column leads to one that is."""
    if (kind.name, extract) in RECORD_EXTRACTS.values() or "." in extract:
        return True
    keys, own = _keys(kind), kind.extracts[extract].key
    targets = {keys[name] for name in kind.extracts[extract].fields if name in keys and (name,) != own} - seen - {extract}
    return any(_is_of_people(kind, target, seen | {extract}) for target in targets)


def _keyed(kind: SourceKind, contract: Contract) -> list[Naming]:
    keys = _keys(kind)
    is_person = (kind.name, contract.name) in RECORD_EXTRACTS.values()
    return [
        _flat(name, literal(keys[name]))
        for name in contract.fields
        if name in keys and ((name,) != contract.key or is_person) and _is_of_people(kind, keys[name])
    ]


def _anchors(kind: SourceKind, contract: Contract) -> dict[str, str]:
    """The names of a row that other extracts of its kind use."""
    used = {name for other in kind.extracts.values() if other is not contract for name in other.fields}
    own = {contract.name: contract.key[0]} if len(contract.key) == 1 and contract.key[0] in used else {}
    return own | {
        # What dbt calls a claim by (int_money__answered_claims).
        f"{contract.name}.{column}": f"coalesce({column}, {contract.key[0]})"
        for column in _ALSO_NAMED.get((kind.name, contract.name), ())
    }


def _flat(column: str, extract: str) -> Naming:
    said = ("source_system", extract, f'"{column}"')
    return Naming.single(column, f"[{_struct(*said)}]", f"is_theirs({', '.join(said)})")


def _pairs(contract: Contract) -> list[Naming]:
    found = []
    for name in contract.fields:
        side = name.removesuffix("_record_type")
        id = next((one for one in (f"{side}_source_id", f"{side}_id") if one in contract.fields), None)
        if side == name or id is None or f"{side}_source_system" not in contract.fields:
            continue
        cases = " ".join(f"when {literal(kind)} then {literal(extract)}" for kind, (_, extract) in RECORD_EXTRACTS.items())
        said = (f"{side}_source_system", f"case {name} {cases} end", id)
        found.append(Naming.single(id, f"[{_struct(*said)}]", f"is_theirs({', '.join(said)})"))
    return found


def _referring(column: str, dtype: Dtype) -> Naming | None:
    """A column of references, or of a list of elements that have one. Rows that were read before references had identifiers are
    cast to what they are like now."""
    now = f'("{column}"::{sql_type(dtype)})'
    if isinstance(dtype, pl.List) and (paths := [f"one{path}" for path in _paths(dtype.inner)]):
        named = " || ".join(f"flatten(list_transform(coalesce({now}, []), lambda one: {_named(path)}))" for path in paths)
        return Naming.list_of(column, named, " or ".join(_theirs(path) for path in paths), now)
    if paths := [f"{now}{path}" for path in _paths(dtype)]:
        return Naming.single(column, " || ".join(map(_named, paths)), " or ".join(map(_theirs, paths)))
    return None


def _paths(dtype: Dtype) -> list[str]:
    """The paths from a value to the references in it."""
    if not isinstance(dtype, pl.Struct):
        return []
    if {one.name for one in dtype.fields} == _REFERENCE:
        return [""]
    return [f'."{one.name}"{path}' for one in dtype.fields for path in _paths(one.dtype)]


_IDENTIFIERS = " || ".join(
    f"list_transform(coalesce(identifier, []), lambda one: {fhir_reference.identifier(system, 'one.value')})"
    for system in ("one.system", "''")
)


def _struct(source_system: str, extract: str, id: str) -> str:
    return f"{{'source_system': {source_system}, 'extract': {extract}, 'id': {id}}}"


def _said(reference: str) -> tuple[tuple[str, str, str], ...]:
    """What a reference names: source, kind of name and id, in SQL; by its id and by its identifier, of which one is null."""
    return _by_id(f"{reference}.reference"), ("source_system", literal(IDENTIFIED), fhir_reference.identifier_of(reference))


def _by_id(text: str) -> tuple[str, str, str]:
    """As `_said`, by id. What does not say its type, as `urn:uuid:…` does not, may be a patient."""
    return "source_system", f"coalesce({fhir_reference.type_of(text)}, '{PERSON}')", fhir_reference.id_of(text)


def _named(reference: str) -> str:
    return f"[{', '.join(_struct(*one) for one in _said(reference))}]"


def _theirs(reference: str) -> str:
    return " or ".join(f"coalesce(is_theirs({', '.join(one)}), false)" for one in _said(reference))


def _deleted_resources() -> Naming:
    said = _by_id("one.request.url")
    return Naming.list_of(
        "entry", f'list_transform(coalesce("entry", []), lambda one: {_struct(*said)})', f"is_theirs({', '.join(said)})"
    )
