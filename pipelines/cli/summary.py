"""Prints the results of a run on one screen, the most important first."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Any

from rich.markup import escape
from rich.table import Table

from models.build_time import build_minutes
from models.wording import ABSENT, amount, cases, day, period, signs_in
from pipelines.cli.console import console
from pipelines.cli.findings import Findings
from pipelines.defs.run import Run

METRICS = {
    "auroc": "AUROC",
    "auroc_gain_over_overdue_rule": "gain over the overdue rule",
    "auroc_gain_over_own_share": "gain over the patient's own past share",
}
"""The metrics of a model that a run prints; the model report has all."""
VERDICTS = {"met": "[green]met[/]", "missed": "[red]missed[/]"}
TIERS = {"high": "at high risk", "medium": "at medium risk", "low": "at low risk", "none": "for other reasons"}


def print_summary(found: Findings, done: Run, seconds: float) -> None:
    """Print what is published now, KPIs, the models, the list, deliveries by source and warnings; last, the next commands."""
    publication = found.publication
    is_said = "synthetic" in publication.practice_name.lower()
    synthetic = " [yellow](synthetic patients)[/]" if publication.is_synthetic and not is_said else ""
    console.print(f"[bold]{publication.practice_name}[/]{synthetic}, as of {day(date.fromisoformat(publication.as_of_on))}")
    n_rows = sum(publication.n_rows.values())
    state = "[green]Published[/]" if done.is_new else "Nothing new; still published:"
    took = f"in {seconds:.1f} s"
    if done.is_new:
        took += f", of which the build took {build_minutes(publication.build_id, publication.published_at):.1f} minutes"
    console.print(f"{state} {publication.id}: {len(publication.n_rows)} tables, {n_rows:,} rows [dim]{took}[/]")
    _print_kpis(found)
    _print_people(found)
    print_files(found.files, found.quarantined, by_extract=False)
    _print_doubts(found)
    if done.is_new:
        style = "yellow" if publication.deidentified_lacks else "dim"
        console.print(f"[{style}]De-identified file[/] {publication.anonymity}")
    print_warnings(done.warnings)
    console.print("\nOpen it with [bold]caregap dashboard[/]; go back with [bold]caregap publish --rollback[/].")


def print_warnings(warnings: Iterable[str]) -> None:
    for warning in warnings:
        console.print(f"[yellow]Warning[/] {escape(warning)}")


def print_files(files: list[dict[str, Any]], quarantined: list[dict[str, Any]], *, by_extract: bool = True) -> None:
    """Print the status of the delivered rows in `Findings`, by source or by extract, with the reasons for quarantine."""
    # Where nobody was erased, a column of noughts would only be in the way.
    erased = ("erased",) if any(file["n_erased"] for file in files) else ()
    parts = ("landed", "quarantined", "superseded", *erased)
    table = Table(title=f"\nDelivered = {' + '.join(parts)}", title_justify="left", box=None, header_style="dim")
    table.add_column("extract" if by_extract else "source")
    for name in ("files", "delivered", *parts):
        table.add_column(name, justify="right")
    rows: dict[str, Counter[Any]] = {}
    for file in files:
        if file["status"] == "landed":
            of = f"{file['source_system']} {file['extract']}" if by_extract else file["source_system"]
            sums = rows.setdefault(of, Counter())
            sums += Counter(files=1)
            sums.update({name: file[f"n_{name}"] for name in ("delivered", *parts)})
    for of, sums in rows.items():
        bad = f"[yellow]{sums['quarantined']:,}[/]" if sums["quarantined"] else "0"
        before, after = (
            [f"{sums[name]:,}" for name in names] for names in (("files", "delivered", "landed"), ("superseded", *erased))
        )
        table.add_row(of, *before, bad, *after)
    console.print(table)
    ignored = [file["file_name"] for file in files if file["status"] == "ignored"]
    if ignored:
        console.print(f"[dim]{len(ignored)} files of kinds that are not read: {', '.join(ignored[:8])}[/]")
    otherwise = [f"{file['source_system']}/{file['file_name']} {file['read_as']}" for file in files if file["read_as"]]
    for said in otherwise[:8]:
        console.print(f"[dim]Read: {escape(said)}[/]")
    if len(otherwise) > 8:
        console.print(f"[dim]… and {len(otherwise) - 8} more; all of them in marts.fct_deliveries (read_as)[/]")
    shown = 8 if by_extract else 3
    for row in quarantined[:shown]:
        console.print(
            f"[yellow]Quarantined[/] {row['source_system']} {row['extract']}: {row['n_rows']} × {row['field']} {row['reason']}"
        )
    if len(quarantined) > shown:
        console.print("[dim]… all of them in marts.fct_quarantined_rows[/]")


def _print_doubts(found: Findings) -> None:
    """The three that most rows have."""
    for row in found.doubts[:3]:
        what = f"{row['source_system']} {row['extract']}: {row['n_rows']:,} × {row['field']} {row['finding']}"
        console.print(
            f"[yellow]Used as it is[/] {what}" if row["kind"] == "doubtful" else f"[yellow]{row['kind'].title()}[/] {what}"
        )
    if len(found.doubts) > 3:
        console.print("[dim]… all of them in marts.fct_data_findings[/]")


def _print_kpis(found: Findings) -> None:
    """One line a KPI, under the months that it is of; within 80 columns."""
    table = Table(
        title="\nHeadline KPIs, newest mature quarter", title_justify="left", box=None, header_style="dim", pad_edge=False
    )
    table.add_column("KPI")
    for name in ("value", "target", "", "cases"):
        table.add_column(name, justify="right", no_wrap=True)
    for months, kpis in groupby(sorted(found.kpis, key=_months, reverse=True), key=_months):
        table.add_row(f"[dim]{period(*months) if months else 'Not available'}[/]")
        for kpi in kpis:
            table.add_row(*_kpi(kpi))
    console.print(table)


def _months(kpi: dict[str, Any]) -> tuple[Any, ...]:
    """First and last month of the value; empty where there is none."""
    return () if kpi["value"] is None else (kpi["first_month_on"], kpi["last_month_on"])


def _kpi(kpi: dict[str, Any]) -> tuple[str, ...]:
    unit = kpi["unit"]
    target = amount(kpi["target"], unit)
    if kpi["value"] is None:
        return f"{kpi['kpi_name']} [dim]{kpi['unavailable_reason'] or ''}[/]", ABSENT, target
    n = cases(kpi["numerator"], kpi["denominator"], kpi["scoring"], unit, kpi["n_records"]) + (", few" if kpi["is_small"] else "")
    return kpi["kpi_name"], amount(kpi["value"], unit), target, VERDICTS.get(kpi["target_status"], ""), f"[dim]{n}[/]"


def _print_people(found: Findings) -> None:
    console.print()
    for model, rows in groupby(found.model, key=lambda row: row["model_version"]):
        said = [_metric(row) for row in rows if row["value"] is None or row["metric"] in METRICS]
        console.print(f"Risk model {model}: " + "; ".join(said))
    tiers = ", ".join(f"{row['n_patients']:,} {TIERS.get(row['tier'], row['tier'])}" for row in found.outreach)
    console.print(f"Outreach list: {sum(row['n_patients'] for row in found.outreach):,} patients ({tiers})")
    if found.left_out:
        left_out = ", ".join(f"{row['n_patients']:,} {row['reason'].replace('_', ' ')}" for row in found.left_out)
        console.print(f"[dim]Left out: {left_out}[/]")
    for row in found.programs:
        console.print(f"{row['program_name']}: {row['statement']}")


def _metric(row: dict[str, Any]) -> str:
    if row["value"] is None:
        return row["note"]
    interval = f" [dim]({row['low']:.3f} to {row['high']:.3f})[/]" if row["low"] is not None else ""
    return signs_in(f"{METRICS[row['metric']]} {row['value']:.3f}{interval}")
