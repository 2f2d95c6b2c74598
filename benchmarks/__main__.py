"""`python -m benchmarks [NAME …] [--scale N]`: run the benchmarks of that name, by default all."""

import importlib
import pkgutil

import click

import benchmarks

HELD_BACK = {"__main__", "result"}
NAMES = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name not in HELD_BACK)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
@click.option("--scale", default=1, show_default=True, help="How many times larger the inputs are.")
def main(names: tuple[str, ...], scale: int) -> None:
    """Measure, and print each number beside its goal."""
    for name in names or NAMES:
        click.echo(f"\n{name}")
        for result in importlib.import_module(f"benchmarks.{name}").run(scale):
            goal = f"goal {result.goal}" if result.goal else ""
            click.echo(f"  {result.name:<44}{result.value:>10,.2f} {result.unit:<8}{goal:<16}{result.note}")


main()
