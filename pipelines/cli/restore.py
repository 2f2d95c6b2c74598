"""`caregap restore`: puts a backup into an empty home."""

from pathlib import Path

import click

from pipelines.home import Home


@click.command()
@click.argument("source", metavar="FROM", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--check", "is_check", is_flag=True, help="Only read the backup to its end, open all of it, and count its rows.")
def command(source: Path, is_check: bool) -> None:
    """Put the backup FROM into this home, which must have nothing of its own, once every file of it was verified.

    Then `caregap run --landed` publishes it, without the folders that files are delivered to.
    """
    from pipelines.backup import check, read_backup, restore
    from pipelines.landing.backup_proof import prove
    from pipelines.lock import only_writer

    backup = read_backup(source.resolve())
    if is_check:
        check(backup)
        click.echo(f"Whole: {backup.folder}, {len(backup.files):,} files, made at {backup.made_at}.")
        proof = prove(backup)
        click.echo(
            f"Opened: {proof.n_tables:,} tables and {proof.n_files:,} other files; {proof.n_rows:,} landed rows, as stated."
        )
        return
    home = Home.from_environment()
    with only_writer(home, is_restoring=True):
        restore(home, backup)
    click.echo(f"Restored: {len(backup.files):,} files, made at {backup.made_at}, into {home.root}.")
    click.echo(
        "Next: `caregap run --landed`, with the practice's folder if it is not the home's own. Then set the delivery folders"
    )
    click.echo("under [sources] in practice.toml, and the keys of home, audit log and sign-in in the environment.")
