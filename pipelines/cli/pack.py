"""`caregap pack`: writes the board report for a month or a quarter as one HTML file."""

from pathlib import Path

import click

from pipelines.home import Home


@click.command()
@click.option("--month", "month_code", metavar="YYYY-MM", help="Monthly report.")
@click.option("--quarter", "quarter_code", metavar="YYYY-Qn", help="Quarterly business review.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write [report_<period>.html].")
def command(month_code: str | None, quarter_code: str | None, out: Path | None) -> None:
    """Write the board report for a month or a quarter from the current publication [the last complete quarter].

    The report is one self-contained file that prints to PDF: KPIs against baseline, target and benchmark, what changed and why,
    care gaps, the program's effects and value, and decisions to take. It contains counts and rates, no patients.
    """
    from datetime import date

    from pipelines.audit_log import record
    from pipelines.exports.board_report.period import last_complete, month, quarter
    from pipelines.exports.board_report.report import report
    from pipelines.publications.store import CURRENT, current

    if month_code and quarter_code:
        raise click.UsageError("Give a month or a quarter, not both.")
    home = Home.from_environment()
    publication = current(home)
    _, period = last_complete(date.fromisoformat(publication.as_of_on))
    if month_code:
        period = month(month_code)
    elif quarter_code:
        period = quarter(quarter_code)
    path = out or Path(f"report_{period.code}.html")
    record(home, "exported", subject=f"report {period.code} of {publication.id}")
    path.write_text(report((home.published / CURRENT).resolve(), period), encoding="utf-8")
    click.echo(f"Written: {path}")
