"""Options that select the practice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from models.settings.practice import checked_id, checked_time_zone
from models.sources import delivered_kinds
from pipelines.errors import UsageError
from pipelines.home import Home
from pipelines.practice import Practice, practice_of

TIME_ZONE = "America/New_York"


def practice_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add FOLDER, the folder of each kind of source, --practice, --as-of and --time-zone to a command.

    `chosen_practice` reads them.
    """
    folder = click.Path(path_type=Path, exists=True, file_okay=False)
    options: list[Callable[..., Any]] = [
        click.argument("folder", type=folder, required=False),
        source_options(folder),
        click.option("--practice", "practice_id", metavar="ID", help="Short name of the practice; names its folder in landing."),
        click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day to look back from [day of the newest export]."),
        click.option("--time-zone", metavar="TZ", help=f"Time zone of the practice [from practice.toml, otherwise {TIME_ZONE}]."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def engine_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --engine to a command that builds; `chosen_practice` reads it."""
    about = "What derives the tables [from practice.toml, otherwise duckdb]; spark: see docs/scale.md."
    return click.option("--engine", type=click.Choice(["duckdb", "spark"]), help=about)(command)


def source_options(folder: click.Path) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the folder of each kind of source that a practice delivers: `--ehr`, `--crm`, …"""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for kind in reversed(delivered_kinds()):
            command = click.option(f"--{kind.name}", type=folder, help=f"{kind.title}: folder of the {kind.delivers}.")(command)
        return command

    return add


def chosen_practice(
    home: Home,
    folder: Path | None,
    practice_id: str | None,
    as_of: datetime | None,
    time_zone: str | None,
    engine: str | None = None,
    **sources: Path | None,
) -> Practice:
    """The practice selected by the options.

    FOLDER contains a practice.toml. Source folders alone define a practice too, so that a first look needs no file. Without
    either: the practice of the home, otherwise the sample. Options override the file. Raises `UsageError` for an unknown time
    zone.
    """
    if practice_id:
        checked(practice_id, checked_id, "--practice")
    given = {name: path.resolve() for name, path in sources.items() if path}
    if given and folder is None:
        practice = Practice(practice_id or "practice", practice_id or "practice", TIME_ZONE, given, is_encrypted=True)
    else:
        practice = practice_of(home, folder)
        practice = practice.with_sources(practice.sources | given)
    changes: dict[str, Any] = {"id": practice_id or practice.id}
    if as_of:
        changes["as_of"] = date(as_of.year, as_of.month, as_of.day)
    if time_zone:
        changes["time_zone"] = checked(time_zone, checked_time_zone, "--time-zone")
    if engine:
        changes["engine"] = engine
    return replace(practice, **changes)


def checked(value: str, check: Callable[[str], str], option: str) -> str:
    """The value of an option, if `check` lets it pass. Raises `UsageError`."""
    try:
        return check(value)
    except ValueError as error:
        raise UsageError(f"{option} {error}.") from None
