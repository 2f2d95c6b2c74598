"""`caregap layout`: describes exports whose columns are not those of Caregap's tables."""

import json
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from models.sources import SOURCE_KINDS, delivered_kinds
from pipelines.cli.practice_options import TIME_ZONE, checked
from pipelines.errors import ExtractRefused, UsageError
from pipelines.home import Home

if TYPE_CHECKING:
    from models.settings.layout import Layout
    from pipelines.extract.layout_suggestion import Asked, Suggestion
    from pipelines.practice import Practice

_SHOWN = 30
_FILE = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
_SOURCE = click.option("--source", type=click.Choice([kind.name for kind in delivered_kinds() if kind.reader == "csv"]))


@click.group()
def command() -> None:
    """Describe a CRM's or billing system's export by a layout, and see what would land."""


@command.command("list")
def list_() -> None:
    """Show the layouts that come with Caregap, with what they assume and where their columns are published."""
    from pipelines.layouts import shipped_layouts

    for name, layout in shipped_layouts().items():
        click.echo(f"{name}: {layout.title}, to {layout.source} {layout.extract}\n  {layout.assumes}\n  {layout.documented_at}")


@command.command()
@_FILE
@_SOURCE
@click.option("--extract", help="The table that the rows belong to: contacts, charges … [the one that fits best].")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the layout here [layouts/<FILE>.toml].")
@click.option("--json", "as_json", is_flag=True, help="Print what is sure and what is asked as JSON.")
def suggest(file: Path, source: str | None, extract: str | None, output: Path | None, as_json: bool) -> None:
    """Propose a layout for FILE, by the names of its columns and what is in them.

    What is sure is written; what is not is asked, or, where nobody can answer, left as a line with TODO, which `caregap layout
    check` refuses until it is said.
    """
    from pipelines.extract.layout_suggestion import as_toml
    from pipelines.extract.layout_suggestion import suggest as suggested

    source = source or _source_of(file)
    kinds = [kind for kind in delivered_kinds() if kind.reader == "csv" and source in (None, kind.name)]
    place = output or Path("layouts") / f"{_key(file.stem)}.toml"
    if place.exists():
        raise UsageError(f"{place}: already exists. Edit it, or give another --output.")
    try:
        found = suggested(file, kinds, extract)
    except ExtractRefused as refusal:
        raise ExtractRefused(f"{file} {refusal}") from None
    text = as_toml(found, f"{file.stem}, as delivered")
    if sys.stdin.isatty() and not as_json:
        text = _answered(text, found)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    if as_json:
        click.echo(json.dumps(_as_dict(found, place), indent=2))
        return
    _show(found)
    n_left = text.count("TODO")
    click.echo(f"\nWritten: {place}" + (f", {n_left} lines of which are still to be said (TODO)." if n_left else "."))
    click.echo(f"Next: caregap layout check {shlex.quote(str(file))} --layout {shlex.quote(str(place))}")
    click.echo(f'Then, in practice.toml:\n\n[layouts]\n{_key(place.stem)} = "{place.resolve()}"')


def _source_of(file: Path) -> str | None:
    """The source by which a folder above the file is named, as in `crm/2026-10-31/people.csv`."""
    folders = file.resolve().parent.parts
    return next((folder for folder in reversed(folders) if folder in SOURCE_KINDS), None)


def _key(name: str) -> str:
    """A name as TOML takes it without quotes: `Contact export (2)` → `Contact_export_2`."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_") or "layout"


def _as_dict(found: "Suggestion", place: Path) -> dict[str, Any]:
    asked = [{"field": one.field, "what": one.description, "columns": one.columns, "values": one.allowed} for one in found.asked]
    parts = {name: column for name, (column, _, _) in found.parts.items()}
    said = {"source": found.source, "extract": found.extract, "header_row": found.header_row, "file": str(place)}
    left = {"absent": found.absent, "unused": found.unused}
    return said | {"sure": found.sure | parts, "likely": found.likely, "asked": asked} | left


def _show(found: "Suggestion") -> None:
    click.echo(f"{found.source} {found.extract}, header in row {found.header_row}:")
    for name, column in found.sure.items():
        click.echo(f'  {name:20} "{column}"')
    for name, (column, _, _) in found.parts.items():
        click.echo(f'  {name:20} a part of "{column}"')
    for name, column in found.likely.items():
        click.echo(f'  {name:20} likely "{column}": look at it')
    for one in found.asked:
        click.echo(f"  {one.field:20} TODO: {one.description}")
    if found.unused and found.absent:
        click.echo(f"Fields without a column: {', '.join(found.absent)}")
        click.echo(f"Columns of which nothing is made yet: {', '.join(found.unused)}")


def _answered(text: str, found: "Suggestion") -> str:
    """The layout with what was answered; an empty answer leaves the line as it is."""
    lines = text.splitlines()
    for one in found.asked:
        answer = _answer(one, found)
        if answer:
            lines = [f"{one.field} = {answer}" if line.startswith(f"{one.field} = ") else line for line in lines]
    return "\n".join(lines) + "\n"


def _answer(one: "Asked", found: "Suggestion") -> str | None:
    perhaps = f" Perhaps {', '.join(one.columns)}." if one.columns else ""
    values = f" One of {', '.join(one.allowed)}." if one.allowed else ""
    click.echo(f"\n{one.field}: {one.description}{values}{perhaps}")
    said = click.prompt("Its column, or = and a value for every row, or nothing", default="", show_default=False).strip()
    if said.startswith("="):
        return f"{{ constant = {json.dumps(said[1:].strip())} }}"
    if said and said not in found.columns:
        click.echo(f"There is no such column; left to be said. The columns: {', '.join(found.columns)}")
        return None
    return json.dumps(said, ensure_ascii=False) if said else None


@command.command()
@_FILE
@_SOURCE
@click.option("--layout", "layout_path", type=click.Path(path_type=Path, dir_okay=False), help="The layout [the one that fits].")
@click.option("--time-zone", metavar="TZ", help=f"Of times without an offset [the practice's, otherwise {TIME_ZONE}].")
@click.option("--json", "as_json", is_flag=True, help="Print every row as JSON.")
def check(file: Path, source: str | None, layout_path: Path | None, time_zone: str | None, as_json: bool) -> None:
    """Say row by row what would land of FILE, and why the rest would not. Nothing is written.

    Without --layout, FILE is read as `caregap ingest` would. Exits with code 10 if it would be refused.
    """
    from models.settings.practice import checked_time_zone
    from pipelines.extract.layout_check import check as checked_rows
    from pipelines.extract.workbook import is_workbook
    from pipelines.layouts import layout_file

    practice = _practice_above(file)
    zone = checked(time_zone, checked_time_zone, "--time-zone") if time_zone else practice.time_zone if practice else TIME_ZONE
    if layout_path:
        layout: Layout | None = layout_file(layout_path)
        assert layout is not None
        kind, extract = layout.source, layout.extract
        layouts = {layout.name: layout.model_copy(update={"files": [file.name]})}
        sheet = _described(file, kind, layouts)[3] if is_workbook(file) else None
    else:
        kind, extract, layout, sheet = _described(file, source, practice.layouts if practice else {})
    try:
        found = checked_rows(file, SOURCE_KINDS[kind].extracts[extract], layout, zone, sheet)
    except ExtractRefused as refusal:
        raise ExtractRefused(f"{file} {refusal}") from None
    if as_json:
        click.echo(json.dumps({"source": kind, "extract": extract, **found.as_dict()}, indent=2))
        return
    reading = found.reading
    click.echo(f"{kind} {extract}{f', read {reading.read_as}' if reading.read_as else ''}")
    click.echo(f"{reading.n_delivered:,} rows: {reading.n_read:,} would land, {reading.n_quarantined:,} would be quarantined")
    for name, n in found.filled.items():
        click.echo(f"  {name:20} {n:,} with a value")
    kept_out = [row for row in found.rows.to_dicts() if row["reason"]]
    for row in kept_out[:_SHOWN]:
        click.echo(f"row {row['row_number']}: {row['field'] or ''} {row['reason']}".replace("  ", " "))
    if len(kept_out) > _SHOWN:
        click.echo(f"… and {len(kept_out) - _SHOWN:,} more; all of them with --json")
    if reading.extra_columns:
        click.echo(f"Kept beside, and not used: {', '.join(reading.extra_columns)}")


def _practice_above(file: Path) -> "Practice | None":
    """The practice whose folder the file is in, otherwise the one of the home; None where there is neither."""
    from pipelines.practice import SETTINGS_FILE, read_practice

    folders = (*file.resolve().parents, Home.from_environment().root)
    return next((read_practice(folder) for folder in folders if (folder / SETTINGS_FILE).is_file()), None)


def _described(file: Path, source: str | None, layouts: "dict[str, Layout]") -> "tuple[str, str, Layout | None, str | None]":
    """The source, table, layout and sheet that a file is recognised by. Raises `UsageError` if there is none."""
    from pipelines.extract.csv_names import CsvNames

    for kind in delivered_kinds():
        if kind.reader == "csv" and source in (None, kind.name):
            described = CsvNames(kind, [file], layouts).describe(file.resolve())
            if described.is_known:
                if described.sheet:
                    described.sheet.refuse_if_not_alone()
                sheet = described.sheet.name if described.sheet else None
                return kind.name, described.extract, described.layout, sheet
    raise UsageError(f"{file}: no table and no layout fits its columns. Describe it: caregap layout suggest {file}")
