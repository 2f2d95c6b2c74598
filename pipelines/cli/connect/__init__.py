"""`caregap connect`: the systems that are reached by API. One file a verb; each is imported when it is called."""

import click

from pipelines.cli.lazy_verbs import LazyVerbs

VERBS = {
    "pull": "Fetch what changed at connected systems, as deliveries into the source folders.",
    "check": "Say of each system whether it is reachable, permitted and mapped.",
    "plan": "Show what a push would change, and keep it as a plan.",
    "push": "Carry out a plan: create, change and withdraw tasks.",
    "retry": "Send again what was refused or not answered.",
    "status": "Say how every pushed task stands.",
    "withdraw": "Close open tasks.",
    "outcomes": "Fetch what came of the tasks, for the next run.",
}


@click.group(cls=LazyVerbs, verbs=VERBS, package=__name__)
def command() -> None:
    """Pull deliveries from connected systems, and push lists to them. connectors.toml, beside practice.toml, describes them."""
