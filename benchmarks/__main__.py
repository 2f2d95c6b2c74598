"""`python -m benchmarks [NAME …] [--scale N] [--json]`: run the benchmarks of that name, by default all."""

import importlib
import json
import os
import pkgutil
import platform
from dataclasses import asdict

import click

import benchmarks

SHARED = {"__main__", "result", "practices", "dbt_models", "visitor"}
NAMES = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name not in SHARED)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
@click.option("--scale", default=1, show_default=True, help="How many times larger the inputs are.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: results by benchmark.")
def main(names: tuple[str, ...], scale: int, as_json: bool) -> None:
    """Measure, and print each number beside its goal, with the machine and how busy it was."""
    measured = {}
    if not as_json:
        click.echo(_machine())
    for name in names or NAMES:
        results = importlib.import_module(f"benchmarks.{name}").run(scale)
        measured[name] = [asdict(result) for result in results]
        if as_json:
            continue
        click.echo(f"\n{name}")
        for result in results:
            goal = f"goal {result.goal}" if result.goal else ""
            click.echo(f"  {result.name:<44}{result.value:>12,.2f} {result.unit:<20}{goal:<16}{result.note}")
    if as_json:
        click.echo(json.dumps({"scale": scale, "machine": _machine(), "benchmarks": measured}, indent=2))
    else:
        click.echo(f"\n{_machine()}")


def _machine() -> str:
    """Cores, memory, and the load over the last minute: above the number of cores, wall seconds are no claim."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"


main()
