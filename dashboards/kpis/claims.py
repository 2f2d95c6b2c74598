"""The board's table: each metric that vendors promise to move, from before the program to now, with what the program did."""

from typing import Any

import polars as pl

from dashboards.layout.page import is_published
from dashboards.store.published import Publication, ask
from models.few_cases import FEW_CASES, MARK
from models.wording import ABSENT, CLAIM_VERDICTS, amount, cases, effect, estimated, period, span

_CLAIMS = "select * from delivery.fct_program_claims where program_name is not distinct from ? order by display_order"
LEGEND = (
    "Baseline and now: the same sites, in the newest mature quarter and in the same months before they joined. Effect: "
    "of the program alone, with its 95 % interval and grade; a claim in % is of the value before. Worth: base scenario, "
    f"undiscounted mean over its months. ?: not told from chance. {FEW_CASES}"
)
LEGEND_IN_SHORT = (
    "Before and now: the same sites, in the newest mature quarter and in the same months before they joined. Effect: of the "
    f"program alone, with its 95 % interval. ?: not told from chance. {FEW_CASES} Verdict: on what vendors commonly claim: it, "
    "reasons and worth are on the page Return on investment, benchmarks beside each tile below."
)


def claims(publication: Publication, program: str | None) -> list[dict[str, str]] | None:
    """The rows of `fct_program_claims` of a program (None: of a practice without one) in words, in the order in which a row is
    read; None where the publication is older than the table."""
    if not is_published(publication, "delivery.fct_program_claims"):
        return None
    return [_row(row) for row in ask(publication, _CLAIMS, (program,)).iter_rows(named=True)]


def in_short(rows: list[dict[str, str]]) -> pl.DataFrame:
    """The table for a first look: where each metric came from, where it stands, and what the program did to it."""
    return pl.DataFrame(
        [
            {
                "Metric": row["Metric"],
                "Before → now, same sites": f"{row['Baseline']} → {row['Now, same sites']}",
                "Now, practice": row["Now, practice"],
                "Target": row["Target"],
                "Effect of the program (95 % interval)": row["Effect"],
                "Verdict on the claim": row["Verdict"],
            }
            for row in rows
        ],
        infer_schema_length=None,
    )


def against_claims(rows: list[dict[str, str]]) -> pl.DataFrame:
    """What is claimed of each metric, beside what the program did to it."""
    return _columns(rows, "Metric", "Claim", "Typical, as claimed", "Effect", "Grade", "Worth", "Verdict")


def behind_claims(rows: list[dict[str, str]]) -> pl.DataFrame:
    """Where each metric stands: before, now, its cases, what it is compared with, and why there is no other verdict."""
    asked = ("Baseline", "Now, same sites", "Now, practice", "Cases", "Quarter", "Target", "Benchmark", "Why")
    return _columns(rows, "Metric", *asked)


def _columns(rows: list[dict[str, str]], *names: str) -> pl.DataFrame:
    return pl.DataFrame([{name: row[name] for name in names} for row in rows], infer_schema_length=None)


def _row(row: dict[str, Any]) -> dict[str, str]:
    unit, kind = row["unit"], row["change_type"]
    few = MARK if row["is_small"] else ""
    return {
        "Metric": row["kpi_name"],
        "Baseline": amount(row["baseline_value"], unit),
        "Now, same sites": amount(row["like_for_like_value"], unit),
        "Now, practice": amount(row["value"], unit) + few,
        "Cases": cases(row["numerator"], row["denominator"], row["scoring"], unit),
        "Quarter": period(row["first_month_on"], row["last_month_on"]),
        "Target": amount(row["target"], unit),
        "Benchmark": span(row["benchmark_low"], row["benchmark_high"], unit),
        "Typical, as claimed": row["typical_range"] or ABSENT,
        "Claim": f"{effect(row['claimed_low'], kind, unit)} to {effect(row['claimed_high'], kind, unit)}",
        "Effect": estimated(row["effect"], row["effect_low"], row["effect_high"], kind, unit)
        + (" ?" if row["effect"] is not None and not row["is_significant"] else ""),
        "Grade": ABSENT if row["grade"] is None else row["grade"],
        "Worth": ABSENT
        if row["benefit_usd"] is None
        else amount(row["benefit_usd"], "usd") + ("" if row["is_benefit_significant"] or not row["benefit_usd"] else " ?"),
        "Verdict": CLAIM_VERDICTS[row["verdict"]],
        "Why": row["verdict_reason"] or "",
    }
