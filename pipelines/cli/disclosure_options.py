"""Options that say to whom patients' data goes and why, for the audit log."""

from collections.abc import Callable
from typing import Any

import click

from models.audit_log.disclosing import PURPOSES


def disclosure_options(whom: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --to and --purpose to a command; `whom` says who it is where --to is not given."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        purpose = click.option(
            "--purpose",
            type=click.Choice([one for one in PURPOSES if one != "individual"]),
            default="operations",
            show_default=True,
            help="What for; anything but treatment, payment and operations is accounted for (45 CFR 164.528).",
        )
        to = click.option("--to", metavar="NAME", default="", help=f"To whom the patients' data goes [{whom}].")
        return to(purpose(command))

    return add
