"""A plan and a push in words, for the terminal."""

from collections import Counter
from typing import TYPE_CHECKING

import click

from models.pushing import CAPS, CONFIRM_REASONS, WITHDRAWN_BECAUSE
from models.wording import counted

if TYPE_CHECKING:
    from pipelines.connect.plan import Plan


def show_plan(plan: "Plan") -> None:
    """Print what a plan would do, who is held back and why, and what a person must confirm."""
    said = ", ".join(f"{n:,} to {verb}" for verb, n in plan.n_verbs.items())
    click.echo(f"{plan.connector}: {said}, {len(plan.withdrawals):,} to withdraw, {plan.n_unchanged:,} unchanged")
    for title, reasons in (("withdraw", plan.withdrawals), ("held back", plan.skips)):
        for reason, n in sorted(Counter(reasons.values()).items()):
            click.echo(f"  {title}: {n:,} {WITHDRAWN_BECAUSE[reason]}")
    for cap in plan.confirmations:
        click.echo(f"  to confirm ({cap}): {CAPS[cap]}")
    if plan.confirmations:
        click.echo(f"  reasons to give with --confirm: {', '.join(CONFIRM_REASONS)}")


def show_fates(connector: str, fates: dict[str, int]) -> None:
    """Print what became of the rows of a push."""
    done = [f"{n:,} {fate}" for fate, n in fates.items() if n]
    click.echo(f"{connector}: {', '.join(done) or 'nothing to do'}")
    if waiting := fates.get("rejected", 0) + fates.get("retryable", 0):
        click.echo(f"  {counted(waiting, 'row')} not accepted: sent again at each push. See: caregap connect status {connector}")
