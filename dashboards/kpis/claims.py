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
    "of the program alone, with its 95 % interval and grade; one in % is of the value that stands with it, the sites' over all "
    "months before they joined. Worth: base scenario, undiscounted mean over its months. ?: not told from chance. "
    f"{FEW_CASES}"
)
LEGEND_IN_SHORT = (
    "Before and now: the same sites, in the newest mature quarter and in the same months before they joined. Effect: of the "
    "program alone, with its 95 % interval; one in % is of the value that stands with it, the sites' over all months before they "
    "joined. ?: not told from chance. "
    f"{FEW_CASES} Verdict: on what vendors commonly "
    "claim: it, reasons and worth are on the "
    "page Return on investment, benchmarks beside each tile below."
)


def claims(publication: Publication, program: str | None) -> pl.DataFrame | None:
    """The rows of `fct_program_claims` of a program (None: of a practice without one); None where the publication is older than
    the table."""
    if not is_published(publication, "delivery.fct_program_claims"):
        return None
    return ask(publication, _CLAIMS, (program,))


def in_short(claimed: pl.DataFrame) -> pl.DataFrame:
    """The table for a first look, in words: where each metric came from, where it stands, and what the program did to it."""
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
            for row in map(_row, claimed.iter_rows(named=True))
        ],
        infer_schema_length=None,
    )


def against_claims(claimed: pl.DataFrame) -> pl.DataFrame:
    """What is claimed of each metric, beside what the program did to it, in words."""
    return _columns(claimed, "Metric", "Claim", "Typical, as claimed", "Effect", "Grade", "Worth", "Verdict")


def behind_claims(claimed: pl.DataFrame) -> pl.DataFrame:
    """Where each metric stands, in words: before, now, its cases, what it is compared with, and why there is no other verdict."""
    asked = ("Baseline", "Now, same sites", "Now, practice", "Cases", "Quarter", "Target", "Benchmark", "Why")
    return _columns(claimed, "Metric", *asked)


def _columns(claimed: pl.DataFrame, *names: str) -> pl.DataFrame:
    rows = map(_row, claimed.iter_rows(named=True))
    return pl.DataFrame([{name: row[name] for name in names} for row in rows], infer_schema_length=None)


def _row(row: dict[str, Any]) -> dict[str, str]:
    """A row in words, in the order in which it is read."""
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
        "Effect": estimated(row["effect"], row["effect_low"], row["effect_high"], kind, unit, row["effect_base"])
        + (" ?" if row["effect"] is not None and not row["is_significant"] else ""),
        "Grade": ABSENT if row["grade"] is None else row["grade"],
        "Worth": ABSENT
        if row["benefit_usd"] is None
        else amount(row["benefit_usd"], "usd") + ("" if row["is_benefit_significant"] or not row["benefit_usd"] else " ?"),
        "Verdict": CLAIM_VERDICTS[row["verdict"]],
        "Why": row["verdict_reason"] or "",
    }
