"""`caregap keys`: makes, rotates and destroys the keys of a home, and encrypts what was kept in clear."""

import json
import shutil
from pathlib import Path

import click

from pipelines.home import Home


@click.group()
def command() -> None:
    """Make, rotate and destroy the keys that encrypt a home.

    The master key lies outside the home: in the file that CAREGAP_KEY_FILE names (mode 0600; /dev/fd/3 for an open descriptor),
    in CAREGAP_KEY, or in systemd's credential caregap-key. It is never an argument. Without it, nobody reads what the home holds:
    keep a copy where no backup of the home lies.
    """


@command.command()
@click.option("--to", "path", type=click.Path(dir_okay=False, path_type=Path), help="File to write a new master key to.")
def init(path: Path | None) -> None:
    """Encrypt this home from now on, by the master key that is given, or by a new one (--to), in a file outside the home.

    What was written before is encrypted at once. Again on an encrypted home, it only checks the key.
    """
    from models.home_keys import store
    from pipelines.errors import UsageError
    from pipelines.keys import refusals, require_keys
    from pipelines.landing.encryption import encrypt_kept
    from pipelines.lock import only_writer

    home = Home.from_environment()
    with only_writer(home):
        if path is not None:
            if store.is_encrypted(home.root):
                raise UsageError(f"{home.root} is encrypted already. A new master key for it: `caregap keys rotate`.")
            with refusals():
                store.new_master(home.root, path)
            click.echo(
                f"Written: {path}. Set CAREGAP_KEY_FILE={path.resolve()}, and keep a copy apart from every backup of the home."
            )
        require_keys(home.root)
        n_files = encrypt_kept(home) if store.waits(home.root) else 0
    click.echo(f"{home.root} is encrypted" + (f"; {n_files:,} files and folders were encrypted just now." if n_files else "."))


@command.command()
def encrypt() -> None:
    """Encrypt what the home holds in clear from before it had a key. A run does the same before anything else."""
    from pipelines.keys import require_keys
    from pipelines.landing.encryption import encrypt_kept
    from pipelines.lock import only_writer

    home = Home.from_environment()
    with only_writer(home):
        require_keys(home.root)
        n_files = encrypt_kept(home)
    click.echo(f"{n_files:,} files and folders encrypted. The next `caregap run` publishes anew, and removes what is in clear.")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the keys as JSON.")
def list_(as_json: bool) -> None:
    """List what has a key of its own, under which master key it is wrapped, and what was destroyed. No key is shown."""
    from models.home_keys import store
    from pipelines.keys import refusals

    home = Home.from_environment()
    with refusals():
        found = {place: store.state(home.root, place) for place in store.places(home.root)}
    shown = [
        {"place": place, "master": kept.get("master"), "destroyed_at": kept.get("destroyed_at")} for place, kept in found.items()
    ]
    if as_json:
        click.echo(json.dumps(shown, indent=2))
        return
    for one in shown:
        click.echo(
            f"{one['place']}: " + (f"destroyed at {one['destroyed_at']}" if one["destroyed_at"] else f"under {one['master']}")
        )
    if not shown:
        click.echo(f"{home.root} is not encrypted.")


@command.command()
def rotate() -> None:
    """Wrap all keys under the first master key that is given; what they encrypt is not written anew.

    Put the new key into the first line of the key file, above the old one, and run this. Then remove the old line: backups of
    before need it, and without it they are disposed of.
    """
    from models.home_keys import store
    from pipelines.audit_log import record
    from pipelines.errors import UsageError
    from pipelines.faults import passing
    from pipelines.keys import refusals
    from pipelines.lock import only_writer

    home = Home.from_environment()
    with only_writer(home), refusals():
        if not store.is_encrypted(home.root):
            raise UsageError(f"{home.root} is not encrypted. `caregap keys init` encrypts it.")
        given, places = store.masters(home.root), store.places(home.root)
        for place in places:
            store.check_key(home.root, place)
        record(home, "keys_rotated", subject=f"{len(places)} keys to {given.wrapping.id}")
        # The home's own comes first: from then on only who has the new key goes on.
        n_changed = 0
        for place in places:
            n_changed += store.rewrap(home.root, place)
            passing("keys.rewrapped", home.root)
    click.echo(
        f"{n_changed:,} of {len(places):,} keys were wrapped anew under {given.wrapping.id}; no older master key opens them."
    )


def _is_behind_link(root: Path, place: str) -> bool:
    """Whether a place of a home, or a folder above it in the home, is a link."""
    path = root / place
    return any(one.is_symlink() for one in (path, *path.parents) if one.is_relative_to(root) and one != root)


@command.command()
@click.argument("places", nargs=-1, metavar="PLACE…")
@click.option("--all", "is_all", is_flag=True, help="All keys of this home, and with them everything it holds.")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
def destroy(places: tuple[str, ...], is_all: bool, is_sure: bool) -> None:
    """Destroy the keys of PLACE (as `caregap keys list` names it: published/<id>, landing/<practice>), and remove its files.

    Nobody can read what they encrypted again, here or on a disk that kept it. A backup has wrapped keys of its own: it ends with
    the master key that it needs, or when it is removed.
    """
    from models.home_keys import store
    from pipelines.audit_log import record
    from pipelines.errors import UsageError
    from pipelines.faults import passing
    from pipelines.keys import refusals
    from pipelines.lock import only_writer
    from pipelines.publications.store import CURRENT

    home = Home.from_environment()
    if is_all == bool(places):
        raise UsageError("Name places, or give --all. `caregap keys list` names them.")
    with only_writer(home), refusals():
        known = store.places(home.root)
        chosen = known if is_all else list(places)
        if strangers := sorted({*chosen} - {*known}):
            raise UsageError(f"{', '.join(strangers)}: no such key. `caregap keys list` names them.")
        if store.HOME in chosen and not is_all:
            raise UsageError("Without its own key the home holds nothing that can be read: that is --all.")
        if not is_all and (lists := [place for place in chosen if place.startswith("erasures/")]):
            raise UsageError(f"{lists[0]}: without it, whoever was erased comes back with the next delivery. That is --all.")
        if links := [place for place in chosen if place != store.HOME and _is_behind_link(home.root, place)]:
            raise UsageError(
                f"{links[0]}: is a link or lies behind one, and what it leads to would stay. Put the folder in its place, or "
                "remove what it leads to and the link."
            )
        shown = (home.published / CURRENT).resolve().name
        if not is_all and f"published/{shown}" in chosen:
            raise UsageError(f"published/{shown} is shown. Go back first (`caregap publish --rollback`), or give --all.")
        if not is_sure:
            click.confirm(f"Destroy {len(chosen)} keys, and what they encrypt, for good?", abort=True)
        record(home, "keys_destroyed", subject=", ".join(chosen)[:500])
        for place in chosen:
            # First the files: beside a new key, those of a destroyed one could not be read.
            if place != store.HOME and (home.root / place).is_dir():
                shutil.rmtree(home.root / place)
            passing("keys.destroying", home.root)
            store.destroy(home.root, place)
    click.echo(f"{len(chosen):,} keys destroyed.")
