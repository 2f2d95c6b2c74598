"""Everything about a person as one HTML file that people read: a section a table, its meaning above, empty columns left out."""

from html import escape
from typing import Any

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1b1f24; margin: 2rem auto; max-width: 72rem; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .3rem; } p { margin: .3rem 0; } nav li { margin: .1rem 0; }
div { overflow-x: auto; } table { border-collapse: collapse; margin: .6rem 0; }
th, td { border: 1px solid #c9d1d9; padding: .25rem .5rem; text-align: left; vertical-align: top; }
th { background: #eef2f6; } dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; } dd { margin: 0; }
@media print { body { max-width: none; } div { overflow: visible; } }
"""


def as_html(everything: dict[str, Any]) -> str:
    """The document of `everything_about`."""
    tables = everything["tables"]
    sections = "".join(_section(number, table) for number, table in enumerate(tables))
    contents = "".join(f'<li><a href="#t{number}">{_title(table)}</a></li>' for number, table in enumerate(tables))
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in _facts(everything))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>What is kept about one person</title>'
        f"<style>{_STYLE}</style></head><body><h1>What is kept about one person</h1><dl>{facts}</dl>"
        f"<nav><ul>{contents}</ul></nav>{sections}</body></html>\n"
    )


def _facts(everything: dict[str, Any]) -> list[tuple[str, str]]:
    records = "; ".join(f"{one['record_type']} {one['source_id']} in {one['source_system']}" for one in everything["records"])
    said = {
        "Practice": everything["practice"],
        "Made at": everything["made_at"],
        "Records": records,
        "Law": everything.get("law"),
        "Legal basis": everything.get("legal_basis"),
        "Purpose": everything.get("purpose"),
        "Restricted": everything.get("restricted"),
    }
    return [(name, str(value)) for name, value in said.items() if value]


def _title(table: dict[str, Any]) -> str:
    n_rows = len(table["rows"])
    return f"{escape(table['table'])}: {n_rows:,} {'row' if n_rows == 1 else 'rows'}, {escape(table['place'])}"


def _section(number: int, table: dict[str, Any]) -> str:
    names = list(dict.fromkeys(name for row in table["rows"] for name in row))
    head = "".join(
        f'<th scope="col" title="{escape(table["columns"].get(name, ""), quote=True)}">{escape(name)}</th>' for name in names
    )
    rows = "".join(f"<tr>{''.join(f'<td>{_cell(row.get(name))}</td>' for name in names)}</tr>" for row in table["rows"])
    return (
        f'<section id="t{number}"><h2>{_title(table)}</h2><p>{escape(table["what"])}</p>'
        f"<div><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _cell(value: object) -> str:
    """A value in words: lists and parts of a resource without their brackets."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case dict():
            return "<br>".join(
                f"{escape(str(name))}: {_cell(part)}" for name, part in value.items() if part not in (None, [], {})
            )
        case list():
            return "<br>".join(filter(None, map(_cell, value)))
    return escape(str(value))
