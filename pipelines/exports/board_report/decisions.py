"""Decisions that the period calls for, each with reason and owner; by rules, not opinions."""

from dataclasses import dataclass

from models.material import is_worse_than_baseline, misses_its_target
from models.wording import amount, counted, day
from pipelines.exports.board_report.kpis import Kpi
from pipelines.exports.board_report.program import Program

GO_ON, LOOK_AGAIN = 0.9, 0.5
"""From this share of draws with a value above zero a program is gone on with, from that one it is looked at again."""


@dataclass(frozen=True)
class Decision:
    """`what` is to be decided, `why`, and by whom."""

    what: str
    why: str
    owner: str


def decisions(shown: list[Kpi], program: Program) -> list[Decision]:
    """What is material of missed targets and KPIs worse than their baseline; restated baselines, sites without a date, and the
    program's money, which comes first."""
    return [*_of_money(program), *_of_kpis(shown), *_of_rollout(program)]


def _of_kpis(shown: list[Kpi]) -> list[Decision]:
    found = []
    for kpi in shown:
        name, unit, owner = kpi["kpi_name"], kpi["unit"], kpi["owner_role"]
        if misses_its_target(kpi):
            why = f"{amount(kpi['value'], unit)} against a target of {amount(kpi['target'], unit)}"
            found.append(Decision(f"{name}: act on it, or change the target", why, owner))
        if is_worse_than_baseline(kpi):
            now, then = amount(kpi["like_for_like_value"], unit), amount(kpi["baseline_value"], unit)
            why = f"{now} against a baseline of {then}, at the same {counted(kpi['n_baseline_sites'], 'site')}"
            found.append(Decision(f"{name}: find out why it is worse than before the program", why, owner))
        if restated := kpi["restated"]:
            why = (
                f"Frozen at {amount(restated['frozen_value'], unit)}; today's data give {amount(restated['current_value'], unit)}"
            )
            found.append(Decision(f"{name}: keep the frozen baseline, or adopt the restated one", why, owner))
    return found


def _of_rollout(program: Program) -> list[Decision]:
    found = []
    for row in program.rollout:
        if row["go_live_on"] is None:
            why = "No day of go-live is set; until then the site serves as a comparison"
            found.append(Decision(f"{row['site']}: set a day of go-live, or decide against it", why, "practice manager"))
        elif not row["is_live"]:
            why = f"Planned for {day(row['go_live_on'])}"
            found.append(Decision(f"{row['site']}: confirm the day of go-live", why, "practice manager"))
    return found


def _of_money(program: Program) -> list[Decision]:
    found = []
    for row in program.returns or []:
        if row["scenario"] != "base":
            continue
        share = row["npv_positive_share"]
        what = (
            "reinvest: go on and widen it"
            if share >= GO_ON
            else "look again before reinvesting"
            if share >= LOOK_AGAIN
            else "stop, or renegotiate"
        )
        why = f"Net present value above zero in {amount(share, 'share')} of draws, median {amount(row['npv_p50_usd'], 'usd')}"
        found.append(Decision(f"{row['program_name']}: {what}", why, "finance lead"))
    return found
