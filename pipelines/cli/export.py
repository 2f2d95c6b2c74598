"""`caregap export`: writes measures and care gaps as FHIR, for payers and registries, or as QRDA III, for CMS."""

import json
from pathlib import Path

import click

from pipelines.cli.disclosure_options import disclosure_options
from pipelines.home import Home

PROFILE_BASE = "http://hl7.org/fhir/us/davinci-deqm"


@click.command()
@click.option("--measure", "measures", multiple=True, default=["all"], metavar="CMS125", help="A measure; may be repeated [all].")
@click.option("--period", "year", type=int, metavar="YEAR", help="Calendar year of the evaluation [the reporting year].")
@click.option("--out", "folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write into.")
@click.option("--summary-only", is_flag=True, help="Counts and rates only, without patients.")
@click.option("--profile-base", default=PROFILE_BASE, show_default=True, metavar="URL", help="Base URL of the DEQM profiles.")
@click.option(
    "--qrda",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="CSV",
    help="QRDA III instead, with the measures' ids from this file.",
)
@click.option(
    "--program", type=click.Choice(["MIPS_INDIV", "MIPS_GROUP"]), default="MIPS_GROUP", help="Who reports [MIPS_GROUP]."
)
@click.option("--tin", default="", metavar="NUMBER", help="Taxpayer identification number of the practice, for QRDA III.")
@click.option("--ehr-certification", default="", metavar="ID", help="The EHR's CMS certification id, for QRDA III.")
@click.option("--deidentified", "is_deidentified", is_flag=True, help="The de-identified file for DuckDB instead, in clear.")
@disclosure_options("must be said of real patients")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def command(
    measures: tuple[str, ...],
    year: int | None,
    folder: Path,
    summary_only: bool,
    profile_base: str,
    qrda: Path | None,
    program: str,
    tin: str,
    ehr_certification: str,
    is_deidentified: bool,
    to: str,
    purpose: str,
    as_json: bool,
) -> None:
    """Write the current publication as FHIR R4, one resource per line.

    Writes summary and individual MeasureReports, and a gaps-in-care document for each patient with a gap in the reporting year.
    The individual files contain patient data: only you can read them (mode 0600); share them only with the payer.

    With --qrda, writes counts and rates as QRDA Category III, one file for the group, or for each clinician with an NPI.
    """
    from pipelines.exports.outside import refuse_encrypted_home

    home = Home.from_environment()
    refuse_encrypted_home(home, folder)
    if is_deidentified:
        from pipelines.exports.deidentified_file import write_deidentified

        written = write_deidentified(home, folder)
    elif qrda:
        from pipelines.exports.qrda.files import write_qrda

        written = write_qrda(
            home,
            folder,
            ids=qrda,
            program=program,
            tin=tin,
            certification=ehr_certification,
            measures=measures,
            year=year,
            to=to,
        )
    else:
        from pipelines.exports.fhir.files import export

        base = profile_base.rstrip("/")
        written = export(
            home, folder, measures=measures, year=year, summary_only=summary_only, profile_base=base, to=to, purpose=purpose
        )
    if as_json:
        click.echo(json.dumps(written, indent=2))
        return
    for name, n_lines in written.items():
        click.echo(f"{n_lines:>9,} {folder / name}")
