"""Writes the report: one HTML file with everything in it, the same bytes for the same publication and period."""

import json
from datetime import date
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from models.material import RULE, has_moved
from models.wording import (
    CLAIM_VERDICTS,
    amount,
    cases,
    change,
    counted,
    day,
    difference,
    effect,
    estimated,
    month,
    named,
    parted,
    projected_years,
    span,
    spelt_out,
    unbroken,
)
from models.wording import period as months
from pipelines.errors import UsageError
from pipelines.exports.board_report import charts
from pipelines.exports.board_report.care_gaps import care_gaps
from pipelines.exports.board_report.decisions import decisions
from pipelines.exports.board_report.kpis import kpis
from pipelines.exports.board_report.movement import movements
from pipelines.exports.board_report.pdf import as_pdf, is_possible
from pipelines.exports.board_report.period import Period, newest_mature
from pipelines.exports.board_report.program import program
from pipelines.keys import sealed
from pipelines.publications.store import MANIFEST, WAREHOUSE
from pipelines.sql.connection import open_file

TEMPLATE = "report.html.j2"
DETAILED = 3
"""KPIs whose movement is taken apart slice by slice; of the others the report gives mix and rate by site."""
DOMAINS = {
    "access": "Access",
    "retention": "Retention and growth",
    "engagement": "Engagement and experience",
    "outreach": "Outreach",
    "care": "Care",
    "revenue_cycle": "Revenue cycle",
}


def report(publication: Path, period: Period) -> str:
    """The report on a period as HTML, from the folder of a publication.

    Raises `UsageError` where the period is not over on the day that the publication looks back from.
    """
    manifest = json.loads((publication / MANIFEST).read_text(encoding="utf-8"))
    as_of_on = date.fromisoformat(manifest["as_of_on"])
    if period.ends_on >= as_of_on:
        raise UsageError(f"{period.code} is not over on {as_of_on}, up to which the data go. Ask for an earlier one.")
    with open_file(publication / WAREHOUSE, read_only=True) as connection:
        every = kpis(connection, period)
        headline = [kpi for kpi in every if kpi["is_headline"]]
        program_results = program(connection)
        return _template().render(
            manifest=manifest,
            as_of_on=as_of_on,
            period=period,
            headline=headline,
            domains=[(title, [kpi for kpi in every if kpi["domain"] == code]) for code, title in DOMAINS.items()],
            movements=movements(connection, [kpi for kpi in headline if has_moved(kpi)], period),
            rule=RULE,
            detailed=DETAILED,
            care_gaps=care_gaps(connection, period),
            program=program_results,
            decisions=decisions(headline, program_results),
        )


def write_last_reports(publication: Path) -> list[Path]:
    """Write the reports on the newest mature month and quarter into a publication's folder: `report_2026-09.html`, and where this
    machine can draw one, `report_2026-09.pdf`."""
    manifest = json.loads((publication / MANIFEST).read_text(encoding="utf-8"))
    with open_file(publication / WAREHOUSE, read_only=True) as connection:
        periods = newest_mature(connection, date.fromisoformat(manifest["as_of_on"]))
    written = []
    for period in periods:
        html = report(publication, period)
        forms: dict[str, str | bytes] = {"html": html} | ({"pdf": as_pdf(html)} if is_possible() else {})
        for form, content in forms.items():
            path = publication / f"report_{period.code}.{form}"
            path.write_bytes(sealed(path, content))
            written.append(path)
    return written


def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda shown: unbroken(shown) if type(shown) is str else shown,
    )
    words = (
        *(amount, cases, change, counted, day, difference, effect, estimated, month, named, parted, projected_years, span),
        spelt_out,
    )
    environment.globals |= {word.__name__: word for word in (*words, charts.history, charts.bar)}
    environment.globals |= {"months": months, "claim_verdicts": CLAIM_VERDICTS, "has_moved": has_moved}
    return environment.get_template(TEMPLATE)
