"""`caregap pack`: writes the board report for a month or a quarter as one HTML or PDF file."""

from pathlib import Path

import click

from pipelines.home import Home


@click.command()
@click.option("--month", "month_code", metavar="YYYY-MM", help="Monthly report.")
@click.option("--quarter", "quarter_code", metavar="YYYY-Qn", help="Quarterly business review.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write, .html or .pdf [report_<period>.html]."
)
def command(month_code: str | None, quarter_code: str | None, out: Path | None) -> None:
    """Write the board report for a month or a quarter from the current publication [the newest mature quarter].

    The report is one self-contained file of at most four printed pages: decisions to take, KPIs against baseline, target and
    benchmark, what changed and why, care gaps, the program's effects and value. It contains counts and rates, no patients.
    """
    from datetime import date

    from pipelines.audit_log import record
    from pipelines.exports.board_report.pdf import as_pdf, is_possible
    from pipelines.exports.board_report.period import month, newest_mature, quarter
    from pipelines.exports.board_report.report import report
    from pipelines.publications.store import CURRENT, WAREHOUSE, current
    from pipelines.sql.connection import open_file

    if month_code and quarter_code:
        raise click.UsageError("Give a month or a quarter, not both.")
    home = Home.from_environment()
    publication = current(home)
    folder = (home.published / CURRENT).resolve()
    if month_code:
        period = month(month_code)
    elif quarter_code:
        period = quarter(quarter_code)
    else:
        with open_file(folder / WAREHOUSE, read_only=True) as connection:
            _, period = newest_mature(connection, date.fromisoformat(publication.as_of_on))
    path = out or Path(f"report_{period.code}.html")
    if path.suffix.lower() == ".pdf" and not is_possible():
        raise click.UsageError("No PDF can be drawn on this machine. Write the HTML, and print it from a browser.")
    record(home, "exported", subject=f"report {period.code} of {publication.id}")
    html = report(folder, period)
    path.write_bytes(as_pdf(html) if path.suffix.lower() == ".pdf" else html.encode())
    click.echo(f"Written: {path}")
