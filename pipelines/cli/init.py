"""`caregap init`: sets the practice of this home."""

import re
from contextlib import nullcontext
from pathlib import Path

import click

from models.settings.practice import checked_id, checked_time_zone
from pipelines.audit_log import record
from pipelines.cli.practice_options import TIME_ZONE, checked, source_options
from pipelines.errors import UsageError
from pipelines.home import Home
from pipelines.lock import only_writer
from pipelines.practice import SETTINGS_FILE, read_practice

TEMPLATE = """\
# The practice. docs/operators.md lists every setting.
id = "{id}"
name = "{name}"
time_zone = "{time_zone}"

# The folder of each source's extracts; omit sources that the practice does not have.
[sources]
{sources}
"""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option("--name", required=True, help="The practice's name, as reports show it.")
@click.option("--id", "practice_id", metavar="ID", help="Short name for folders [derived from the name].")
@click.option("--time-zone", default=TIME_ZONE, show_default=True, metavar="TZ")
@source_options(click.Path(path_type=Path))
def command(folder: Path | None, name: str, practice_id: str | None, time_zone: str, **sources: Path | None) -> None:
    """Write a practice.toml into FOLDER, by default into this home; all commands then use this practice."""
    place = (folder or Home.from_environment().root) / SETTINGS_FILE
    if place.exists():
        raise UsageError(f"{place}: already exists. Edit it, or remove it first.")
    if not any(sources.values()):
        raise UsageError("Give at least one source: " + ", ".join(f"--{source}" for source in sources))
    with only_writer(Home.from_environment()) if folder is None else nullcontext():
        _write(folder, place, name, practice_id, time_zone, sources)
    click.echo(f"Written: {place}. Next: caregap keys init --to FILE, then caregap run{'' if folder is None else f' {folder}'}")


def _write(
    folder: Path | None, place: Path, name: str, practice_id: str | None, time_zone: str, sources: dict[str, Path | None]
) -> None:
    if folder is None:
        record(Home.from_environment(), "settings_changed", subject=SETTINGS_FILE)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(
        TEMPLATE.format(
            id=checked(practice_id or re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"), checked_id, "--id"),
            name=name.replace("\\", "\\\\").replace('"', '\\"'),
            time_zone=checked(time_zone, checked_time_zone, "--time-zone"),
            sources="\n".join(f'{source} = "{path.resolve()}"' for source, path in sources.items() if path),
        ),
        encoding="utf-8",
    )
    read_practice(place.parent)
