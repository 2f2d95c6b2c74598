"""`caregap connect push`: carries out a plan."""

import json
from pathlib import Path

import click

from models.pushing import CONFIRM_REASONS
from pipelines.cli.connect.options import chosen_connectors
from pipelines.home import Home


@click.command()
@click.argument("name")
@click.option("--folder", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Folder with connectors.toml.")
@click.option("--apply", "plan_id", metavar="PLAN", help="The plan to carry out, by its id.")
@click.option("--approved", "is_approved", is_flag=True, help="Carry out the plan that was approved on the page Connections.")
@click.option("--confirm", type=click.Choice(CONFIRM_REASONS), help="Why a limit may be passed.")
@click.option("--json", "as_json", is_flag=True, help="Print the number of rows by fate as JSON.")
def command(name: str, folder: Path | None, plan_id: str | None, is_approved: bool, confirm: str | None, as_json: bool) -> None:
    """Send to one system what a plan says, and no more; without --apply or --approved, show what would be sent.

    Exits with code 15 where more would be sent now than the plan says, or a limit is passed without --confirm; with 14 where the
    system fails: what was done is kept, and the next push goes on.
    """
    from pipelines.audit_log import operator
    from pipelines.cli.connect.plan_text import show_fates, show_plan
    from pipelines.connect.approvals import newest_approval
    from pipelines.connect.plan import read_plan
    from pipelines.connect.session import carried_out, session
    from pipelines.connect.state import folder_of
    from pipelines.errors import PushRefused, UsageError

    if plan_id and is_approved:
        raise UsageError("Give --apply PLAN or --approved, not both.")
    home = Home.from_environment()
    practice, (connection,) = chosen_connectors(home, folder, (name,))
    with session(home, practice, connection) as pushing:
        approved_by = operator()
        if is_approved:
            approval = newest_approval(home, practice.id, name)
            if approval is None:
                raise PushRefused(f"{name}: no plan is approved. Approve one on the page Connections.")
            plan_id, approved_by, confirm = approval.plan_id, approval.approved_by, approval.confirm_reason
        if plan_id is None:
            show_plan(pushing.plan())
            click.echo(f"Nothing was sent. Next: caregap connect plan {name}")
            return
        fates = carried_out(pushing, read_plan(folder_of(home, practice.id), name, plan_id), approved_by, confirm)
    if as_json:
        click.echo(json.dumps(fates))
    else:
        show_fates(name, fates)
