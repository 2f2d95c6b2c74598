"""Proposes a layout for an export that nobody has described: which column is which field, by names, values and types.

What is not sure is asked, never guessed: a field that must have a value and for which no column stands out is left to be said.
Reads the first rows of the file; what it says of them are names of columns and words of fixed lists, never what else cells hold.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl
from rapidfuzz import fuzz, process

from models.contract import Contract
from models.settings.layout import TODO, Form
from models.sources import SourceKind
from pipelines.errors import ExtractRefused
from pipelines.extract.csv_header import FirstRow, first_rows
from pipelines.extract.csv_values import SEXES, typed
from pipelines.extract.encoding import decoded_start
from pipelines.extract.preflight import LIMITS, Limits, first_bytes
from pipelines.extract.workbook import first_rows_of_sheets, is_workbook

_ROWS = 1_000
_SURE, _LIKELY, _OFFERED = 0.86, 0.68, 0.5
"""Shares of likeness: from the first on a column is taken, from the second on it is likely, from the third on it is offered."""
_READABLE = 0.8
"""The share of a column's cells that its field must be able to read."""
_MORE_NAMES = 3
_BELOW = re.compile(r"(?i)(grand total|totals?|gesamt\w*|summe|anzahl|sum|count|records?|printed|generated|exported|report)\b")
"""How rows that a report writes below its table begin."""
_NOT_TO_MODIFY = re.compile(r"^\((do not modify|nicht ändern|no modificar|ne pas modifier)\)\s*")
_WHOLE_NAME = re.compile(r"((full|contact|patient|person|vollstandiger) ?)?name|nombre completo|nom complet")
_SHORT_DAY = r"^(\d{1,2})([/.\-])(\d{1,2})[/.\-]\d{2}$"
_LONGEST_LIST = 40
"""More different values than this are no fixed list."""

_CALLED: Mapping[str, tuple[str, ...]] = {
    "contact_id": (
        "record id",
        "contact id",
        "person id",
        "lead id",
        "id",
        "customer id",
        "contact no",
        "contact number",
        "client id",
        "person number",
        "person no",
        *("cust no", "customer no", "customer number", "client no"),
        *("datensatz id", "kontakt id", "kontakt", "kundennummer", "kunden nr"),
        *("id de registro", "id de contacto", "contacto", "id du contact", "id de fiche d information"),
    ),
    "account_id": (
        "patient id",
        "patient number",
        "patient",
        "account number",
        "patient account",
        "guarantor id",
        "chart number",
        *("patientennummer", "patienten nr", "numero de paciente", "numero de patient"),
    ),
    "mrn": ("medical record number", "mrn", "chart number", "chart", "chart no", "patient mrn"),
    "first_name": ("first name", "given name", "given", "forename", "patient first name", "vorname", "nombre", "prenom"),
    "last_name": (
        *("last name", "surname", "family name", "patient last name"),
        *("nachname", "familienname", "apellido", "apellidos", "nom", "nom de famille"),
    ),
    "birth_date": (
        *("date of birth", "dob", "birthday", "birthdate", "patient dob"),
        *("geburtsdatum", "geburtstag", "fecha de nacimiento", "date de naissance"),
    ),
    "sex": ("gender", "sex", "patient sex", "geschlecht", "sexo", "genero", "sexe", "genre"),
    "email": (
        *("email", "email address", "e mail", "email work", "email home"),
        *("e mail adresse", "correo", "correo electronico", "adresse e mail"),
    ),
    "phone": (
        *("phone", "mobile", "cell", "mobile phone", "phone number", "phone mobile", "phone home", "phone work"),
        *("telefon", "telefonnummer", "mobiltelefon", "mobilnummer", "handy", "telefon geschaftlich", "telefon privat"),
        *("telefono", "numero de telefono", "telefono movil", "telephone", "numero de telephone"),
    ),
    "address_line": (
        *("street", "address", "mailing street", "street address", "address 1", "address line 1"),
        *("strasse", "anschrift", "adresse", "direccion", "calle"),
    ),
    "city": ("city", "mailing city", "town", "stadt", "ort", "ciudad", "poblacion", "ville"),
    "state": ("state", "st", "province", "mailing state", "region", "bundesland", "provincia", "estado"),
    "postal_code": (
        *("zip", "zip code", "postcode", "mailing zip", "postal code", "postal address zip code"),
        *("plz", "postleitzahl", "codigo postal", "code postal"),
    ),
    "language": ("language", "preferred language", "spoken language", "speaks", "sprache", "idioma", "langue"),
    "preferred_channel": (
        "preferred contact method",
        "preferred channel",
        "contact by",
        "reached by",
        "bevorzugte kontaktmethode",
    ),
    "is_do_not_contact": (
        *("do not contact", "no contact", "opted out", "opt out", "unsubscribed", "do not call", "email opt out"),
        *("nicht kontaktieren", "keine kontaktaufnahme", "von allen e mails abgemeldet", "kein anruf", "abgemeldet"),
        *("telefonanrufe nicht zulassen", "no contactar", "no llamar", "dado de baja", "ne pas contacter", "desabonne"),
    ),
    "is_deceased": ("deceased", "is deceased", "died", "passed away", "verstorben", "fallecido", "decede"),
    "created_at": (
        *("created", "create date", "created time", "created on", "date added", "add time", "created at", "entered", "added"),
        *("erstellt am", "erstellungsdatum", "angelegt am", "fecha de creacion", "creado el", "date de creation", "cree le"),
    ),
    "updated_at": (
        *("last modified", "modified time", "update time", "updated", "modified on", "last updated"),
        *("changed on", "last changed", "last edit", "last edited", "last modified date", "last modified on", "modified date"),
        *("geandert am", "zuletzt geandert am", "datum der letzten anderung", "letzte anderung"),
        *("fecha de la ultima modificacion", "ultima modificacion", "modificado el", "date de derniere modification"),
    ),
    "service_on": (
        "leistungsdatum",
        "behandlungsdatum",
        "fecha de servicio",
        "date of service",
        "service date",
        "dos",
        "from date",
        "procedure date",
        "service start date",
        "service from",
    ),
    "posted_on": ("post date", "posting date", "entry date", "date posted"),
    "service_code": ("cpt", "procedure code", "cpt code", "code", "service code"),
    "units": ("qty", "quantity", "units"),
    "charge_usd": ("charge", "fee", "charge amount", "amount", "gross charge", "charges", "total charges", "billed amount"),
    "billed_usd": ("billed", "billed amount", "total charge"),
    "amount_usd": ("amount", "paid", "payment amount", "amount paid", "betrag", "importe", "montant"),
    "paid_on": ("payment date", "date paid", "paid on", "zahlungsdatum", "fecha de pago", "date de paiement"),
    "provider_npi": ("npi", "rendering npi", "provider npi", "billing npi"),
    "payer_class": ("financial class", "payer type", "insurance type", "plan type", "payer class"),
    "payer_name": ("payer", "insurance", "insurance name", "carrier", "primary insurance", "payer name"),
    "location_id": ("location", "facility", "site", "clinic", "office", "service location"),
    "encounter_id": ("visit id", "encounter", "visit number", "encounter number"),
    "due_on": ("due date", "due"),
    "completed_at": ("completed", "date completed", "marked as done time", "closed time"),
}
"""What else exports call a field, in English, German, Spanish and French, without accents."""
_HOMBRE_O_MUJER = {"h": "male", "m": "female"}
"""Where there is an `H`, `M` is a woman, as in Spanish; in all other lists `M` is a man."""


@dataclass(frozen=True)
class Asked:
    """A field that must have a value and has no sure column: the columns that may be it, the likeliest first."""

    field: str
    description: str
    columns: list[str]
    allowed: tuple[str, ...]


@dataclass(frozen=True)
class Suggestion:
    """`sure`: the column of each field; `likely`: columns of optional fields that should be looked at; `asked`: what is left.

    `values`: for fields of a fixed list, what a cell's words mean, or `TODO`. `parts`: fields that are a part of a column.
    `absent`: optional fields for which there is no column. `formats`: how days of two digits a year are written, by field.
    `recognised_by`: the columns of fields that must have a value, and a few more, since an export may lack others next time.
    """

    source: str
    extract: str
    header_row: int
    delimiter: str
    sure: dict[str, str]
    likely: dict[str, str]
    asked: list[Asked]
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    parts: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    form: Form = field(default_factory=Form)
    recognised_by: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    formats: dict[str, str] = field(default_factory=dict)

    @property
    def unused(self) -> list[str]:
        """The columns of which nothing is made."""
        used = {*self.sure.values(), *self.likely.values(), *(column for column, _, _ in self.parts.values())}
        return [column for column in self.columns if column not in used]

    @property
    def fields(self) -> list[str]:
        """The fields of which anything is known, those that are asked last."""
        return [*self.sure, *self.parts, *self.likely, *(one.field for one in self.asked)]


def suggest(path: Path, kinds: Iterable[SourceKind], extract: str | None = None, limits: Limits = LIMITS) -> Suggestion:
    """The layout that fits a CSV file best, of the tables of `kinds`, or of `extract` alone.

    Raises `ExtractRefused` if the file has no table that could be described.
    """
    table, row, delimiter = _table(path, limits)
    contracts = [
        (kind, contract) for kind in kinds for contract in kind.extracts.values() if extract is None or contract.name == extract
    ]
    if not contracts:
        raise ExtractRefused(f"cannot be read as {extract}, which is no table.")
    cells = _Cells(table)
    found = [_matched(cells, kind, contract) for kind, contract in contracts]
    best = max(found, key=_worth)
    if not best.sure and extract is None:
        raise ExtractRefused("has no columns that any table is known by. Say which one it is: --extract contacts.")
    return _with(best, row.number, delimiter, table.columns)


def as_toml(suggestion: Suggestion, title: str) -> str:
    """The layout file, in which each line with `TODO` is to be completed or removed."""
    lines = [
        f"title = {_quoted(title)}",
        f"source = {_quoted(suggestion.source)}",
        f"extract = {_quoted(suggestion.extract)}",
        f"recognised_by = [{', '.join(map(_quoted, suggestion.recognised_by))}]",
    ]
    form = suggestion.form.model_dump(exclude_defaults=True)
    if form:
        lines += ["", "[form]", *(f"{name} = {_listed(value)}" for name, value in form.items())]
    lines += ["", "[columns]"]
    asked = {one.field: one for one in suggestion.asked}
    lines += [_line(name, suggestion, asked.get(name)) for name in suggestion.fields]
    if suggestion.unused and suggestion.absent:
        lines += [
            f"# Fields without a column: {', '.join(suggestion.absent)}",
            f"# Columns of which nothing is made: {', '.join(map(_quoted, suggestion.unused))}",
        ]
    return "\n".join(lines) + "\n"


def _line(name: str, suggestion: Suggestion, asked: Asked | None) -> str:
    if name in suggestion.parts:
        column, at, part = suggestion.parts[name]
        return f"{name} = {{ split = {_quoted(column)}, at = {_quoted(at)}, part = {part} }}"
    if asked:
        perhaps = f"perhaps {', '.join(asked.columns)}; " if asked.columns else ""
        allowed = f", one of {', '.join(asked.allowed)}" if asked.allowed else ""
        said = f"{TODO}: {asked.description} Name the column ({perhaps}or {{ constant = ... }}{allowed})"
        return f"{name} = {_quoted(said)}"
    column = suggestion.sure.get(name) or suggestion.likely[name]
    values = suggestion.values.get(name, {})
    rule = _quoted(column)
    if name in suggestion.formats:
        rule = f"{{ column = {rule}, format = {_quoted(suggestion.formats[name])} }}"
    if values:
        rule = (
            f"{{ column = {rule}, values = {{ {', '.join(f'{_quoted(key)} = {_quoted(to)}' for key, to in values.items())} }} }}"
        )
    return f"{name} = {rule}" if name in suggestion.sure else f"# {name} = {rule}   # likely: look at it, and take the # away"


def _listed(value: str | Iterable[str]) -> str:
    return _quoted(value) if isinstance(value, str) else f"[{', '.join(map(_quoted, value))}]"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _table(path: Path, limits: Limits) -> tuple[pl.DataFrame, FirstRow, str]:
    """The first rows as text, the row of the header and its delimiter: the row with the most different names."""
    if is_workbook(path):
        text = max(first_rows_of_sheets(path, limits).values(), key=len, default="")
    else:
        text = decoded_start(first_bytes(path, limits))
    rows = first_rows(text)
    candidates = [(row, mark) for row in rows for mark in row.values if len(_named(row, mark)) > 1]
    if not candidates:
        raise ExtractRefused("has no row that names columns.")
    widest = max(len(_named(row, mark)) for row, mark in candidates)
    row, mark = next((row, mark) for row, mark in candidates if len(_named(row, mark)) == widest)
    names = [name.strip() or f"column {i}" for i, name in enumerate(row.values[mark], 1)]
    unique = [name if name not in names[:i] else f"{name} ({i})" for i, name in enumerate(names)]
    records = csv.reader(io.StringIO(text[row.starts_at :], newline=""), delimiter=mark)
    next(records)
    cells = [record for record, _ in zip(records, range(_ROWS), strict=False) if len(record) == len(unique)]
    return pl.DataFrame(cells, schema={name: pl.String for name in unique}, orient="row"), row, mark


def _named(row: FirstRow, mark: str) -> set[str]:
    return {value.strip() for value in row.values[mark] if re.search(r"[A-Za-z]", value)}


def _plain(column: str) -> str:
    """A column's name as words without accents, letters alone joined: `D.O.B.` is `dob`. What Dynamics puts before the names of
    columns that it hides, `(Do Not Modify)` in the user's language, is no part of it."""
    spelt = unicodedata.normalize("NFKD", _NOT_TO_MODIFY.sub("", column.casefold()))
    words = re.sub(r"[^a-z0-9]+", " ", re.sub(r"[\u0300-\u036f]", "", spelt)).strip()
    return re.sub(r"\b([a-z]) (?=[a-z]\b)", r"\1", words)


class _Cells:
    """The first rows of the file, and whether a column can be read as a type, which is found out once."""

    def __init__(self, rows: pl.DataFrame):
        self.rows, self.form = rows, _form(rows)
        self._readable: dict[tuple[str, str], bool] = {}
        self.plain = {column: _plain(column) for column in rows.columns}

    def __getitem__(self, column: str) -> pl.Series:
        return self.rows[column]

    def can_be(self, column: str, name: str, contract: Contract) -> bool:
        """Whether most cells that are filled can be read as a field's type; a list of words must be short."""
        asked = contract.fields[name]
        is_list, is_npi = bool((asked.metadata or {})["values"]), name.endswith("_npi")
        key = (column, f"{asked.dtype} {is_list} {is_npi}")
        if key not in self._readable:
            filled = self.rows[column].str.strip_chars().replace("", None).drop_nulls()
            self._readable[key] = filled.is_empty() or (_are_npis(filled) if is_npi else self._reads(filled, asked, is_list))
        return self._readable[key]

    def _reads(self, filled: pl.Series, asked: Any, is_list: bool) -> bool:
        if asked.dtype.type == pl.String:
            return not is_list or filled.n_unique() <= _LONGEST_LIST
        alone = Contract("cells", "cell", (), {"cell": pa.Column(asked.dtype.type, metadata={"values": ()})})
        values, _ = typed(filled.rename("cell").to_frame().with_row_index("_row_number"), alone, "UTC", self.form)
        is_readable: bool = values["cell"].count() >= _READABLE * len(filled)
        return is_readable or (asked.dtype.type == pl.Date and self.short_years(filled.name) is not None)

    def short_years(self, column: str) -> str | None:
        """How the days of a column are written, where their years have two digits; None where they have not."""
        days = self.rows[column].str.strip_chars().replace("", None).drop_nulls()
        found = days.str.extract_groups(_SHORT_DAY).struct.unnest().drop_nulls()
        if found.height < max(1, _READABLE * len(days)) or found["2"].n_unique() > 1:
            return None
        first, second = (found[part].cast(pl.Int64).max() for part in ("1", "3"))
        is_day_first = first > 12 or (second <= 12 and self.form.dates == "day_first")  # type: ignore[operator]
        mark = found["2"][0]
        return mark.join(("%d", "%m", "%y") if is_day_first else ("%m", "%d", "%y"))


def _are_npis(filled: pl.Series) -> bool:
    """Whether most cells are ten digits, and not a provider's name."""
    return int(filled.str.contains(r"^\d{10}$").sum()) >= _READABLE * len(filled)


def _matched(table: _Cells, kind: SourceKind, contract: Contract) -> Suggestion:
    likeness = {name: _likeness(name, contract, table) for name in contract.fields}
    pairs = sorted(
        ((score, name, column) for name, scores in likeness.items() for column, score in scores.items() if score >= _LIKELY),
        key=lambda one: (-one[0], one[1], one[2]),
    )
    taken: dict[str, tuple[str, float]] = {}
    for score, name, column in pairs:
        if name not in taken and column not in {one for one, _ in taken.values()}:
            taken[name] = (column, score)
    required = {name for name, column in contract.fields.items() if not column.nullable}
    sure = {name: taken[name][0] for name in contract.fields if name in taken and taken[name][1] >= _SURE}
    parts = _name_parts(table, contract, sure)
    likely = {name: taken[name][0] for name in contract.fields if name in taken and name not in required | {*sure, *parts}}
    asked = [
        Asked(name, column.description or "", _offered(likeness[name]), (column.metadata or {})["values"])
        for name, column in contract.fields.items()
        if name in required and name not in sure
    ]
    values = {name: _meanings(table[column], contract, name) for name, column in {**likely, **sure}.items()}
    known_by = [column for name, column in sure.items() if name in required]
    known_by += [column for name, column in sure.items() if name not in required][:_MORE_NAMES]
    return Suggestion(
        kind.name,
        contract.name,
        header_row=1,
        delimiter=",",
        sure=sure,
        likely=likely,
        asked=asked,
        values={name: one for name, one in values.items() if one},
        parts=parts,
        form=table.form,
        recognised_by=list(dict.fromkeys(known_by)),
        absent=[name for name in contract.fields if name not in required | {*sure, *parts, *likely}],
        formats={
            name: written
            for name, column in {**likely, **sure}.items()
            if contract.fields[name].dtype.type == pl.Date and (written := table.short_years(column))
        },
    )


def _with(found: Suggestion, header_row: int, delimiter: str, columns: list[str]) -> Suggestion:
    return Suggestion(**{**vars(found), "header_row": header_row, "delimiter": delimiter, "columns": columns})


def _worth(one: Suggestion) -> tuple[float, int]:
    """What share of the required fields is found, and how many fields are."""
    n_found = len(one.sure) + len(one.parts)
    n_required = len(one.asked) + n_found
    return n_found * n_found / n_required if n_required else 0.0, n_found


def _offered(scores: Mapping[str, float]) -> list[str]:
    return [name for name, score in sorted(scores.items(), key=lambda one: (-one[1], one[0]))[:3] if score >= _OFFERED]


def _likeness(name: str, contract: Contract, table: _Cells) -> dict[str, float]:
    """How like the field each column is: by its names, if the field can read what is in the column."""
    words = name.replace("_", " ")
    called = [words, words.removesuffix(" usd").removesuffix(" on").removesuffix(" at"), *_CALLED.get(name, ())]
    scores = process.cdist(called, list(table.plain.values()), scorer=fuzz.token_sort_ratio).max(axis=0) / 100
    found = dict(zip(table.plain, map(float, scores), strict=True))
    return {column: score for column, score in found.items() if score < _OFFERED or table.can_be(column, name, contract)}


def _meanings(cells: pl.Series, contract: Contract, name: str) -> dict[str, str]:
    """What each word in a column means, for a field of a fixed list; nothing where the words are those of the list."""
    allowed = (contract.fields[name].metadata or {})["values"]
    words = sorted({word.strip() for word in cells.drop_nulls() if word.strip()})
    if not allowed or len(words) > _LONGEST_LIST:
        return {}
    spoken = {value: value.replace("_", " ") for value in allowed}
    of_sex = SEXES | (_HOMBRE_O_MUJER if "h" in {word.lower() for word in words} else {}) if name == "sex" else {}
    other = {word: of_sex.get(word.lower()) or _meaning(word, spoken) for word in words if word.lower() not in allowed}
    return {word: to or f"{TODO}: one of {', '.join(allowed)}" for word, to in other.items()}


def _meaning(word: str, spoken: Mapping[str, str]) -> str | None:
    close = process.extractOne(word.lower(), spoken, scorer=fuzz.token_sort_ratio, score_cutoff=80)
    return close[2] if close else None


def _name_parts(table: _Cells, contract: Contract, sure: Mapping[str, str]) -> dict[str, tuple[str, str, int]]:
    """Given and family name out of one column, where the export has no column for each."""
    if not {"first_name", "last_name"} <= set(contract.fields) or {"first_name", "last_name"} & set(sure):
        return {}
    whole = next((column for column, plain in table.plain.items() if _WHOLE_NAME.fullmatch(plain)), None)
    if whole is None:
        return {}
    n_commas = int(table[whole].str.contains(",").sum())
    first, last, at = (-1, 1, ",") if 2 * n_commas > table.rows.height else (1, -1, " ")
    return {"first_name": (whole, at, first), "last_name": (whole, at, last)}


def _form(table: pl.DataFrame) -> Form:
    """Whether days come before months, and a comma before decimals, as far as the cells show it."""
    cells = [table[name].str.strip_chars() for name in table.columns]
    days = pl.concat([one.str.extract(r"^(\d{1,2})[/.\-]\d{1,2}[/.\-]\d{4}") for one in cells]) if cells else pl.Series()
    months = pl.concat([one.str.extract(r"^\d{1,2}[/.\-](\d{1,2})[/.\-]\d{4}") for one in cells]) if cells else pl.Series()
    dotted = any(one.str.contains(r"^\d{1,2}\.\d{1,2}\.\d{4}").any() for one in cells)
    n_first, n_second = (int((one.cast(pl.Int64) > 12).sum()) for one in (days, months))
    decimals = sum(int(one.str.contains(r"^[-(]?\d[\d. ]*,\d{2}\)?$").sum()) for one in cells)
    points = sum(int(one.str.contains(r"^[-($]*\d[\d,]*\.\d{2}\)?$").sum()) for one in cells)
    return Form(
        dates="day_first" if n_first > n_second or (dotted and not n_second) else "month_first",
        decimal="comma" if decimals > points else "point",
        below=_below(table),
    )


def _below(table: pl.DataFrame) -> list[str]:
    """The words by which the last rows begin that are no rows of the table: at most a quarter of their cells are filled."""
    words: dict[str, None] = {}
    for row in reversed(table.rows()):
        filled = [value.strip() for value in row if value and value.strip()]
        if not filled or not (found := _BELOW.match(filled[0])) or 4 * len(filled) > len(row):
            break
        words[found[1]] = None
    return list(words)
