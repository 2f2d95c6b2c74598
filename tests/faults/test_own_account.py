"""Caregap as most install it: run by an account of its own, which is not root, with a umask that lets others read."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.home import CHECKOUT

GOLDEN = CHECKOUT / "tests" / "dbt" / "golden_practice"
NEEDED = ("unshare", "setpriv")
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[pwd.struct_passwd, Path]]:
    """The account `nobody` and a folder of its own: pytest's is closed to others."""
    if os.geteuid() or not all(map(shutil.which, NEEDED)):
        pytest.skip("only root may run a command as another account, with unshare and setpriv")
    account = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, account.pw_uid, account.pw_gid)
        yield account, Path(folder)


@pytest.fixture
def as_other(own: tuple[pwd.struct_passwd, Path]) -> Run:
    """`as_other("caregap", "run")`: how a command of this environment ends for the account, with umask 022.

    An interpreter below a folder that is closed to others, as root's pyenv is, is shown to the command alone, in a mount
    namespace of its own.
    """
    account, folder = own
    prefix = Path(sys.base_prefix).resolve()
    closed = next((parent for parent in reversed(prefix.parents) if not parent.stat().st_mode & stat.S_IXOTH), None)
    script = 'exec setpriv --reuid "$1" --regid "$2" --clear-groups --no-new-privs "${@:3}"'
    if closed:
        (folder / "python").mkdir()
        script = f'''set -e
            mount --bind "{prefix}" "{folder}/python"
            mount -t tmpfs -o mode=755 tmpfs "{closed}"
            mkdir -p "{prefix}"
            mount --bind "{folder}/python" "{prefix}"
            {script}'''
    start = ["unshare", "--mount", "bash", "-c", script, "bash", str(account.pw_uid), str(account.pw_gid)]
    environment = {"HOME": str(folder), "CAREGAP_HOME": str(folder / "home"), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}

    def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*start, str(Path(sys.executable).with_name(program)), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, umask=0o022)

    probe = run("python", "-c", "import os, pipelines.cli; print(os.getuid())")
    if probe.stdout.split() != [str(account.pw_uid)]:
        pytest.skip(f"{account.pw_name} cannot run this checkout: {probe.stderr[-300:]}")
    return run


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_an_account_of_its_own_runs_everything_and_what_it_writes_is_closed_to_others(own, as_other):
    account, folder = own
    home = folder / "home"
    for arguments, said in (
        (["run", str(GOLDEN)], "Published"),
        (["run", str(GOLDEN)], "Nothing new"),
        (["doctor"], "mode 0700"),
        (["backup", str(folder / "backups")], ""),
    ):
        done = as_other("caregap", *arguments)
        assert done.returncode == 0 and said in done.stdout, (arguments, done.stdout[-2000:], done.stderr[-2000:])
    written = [home, *home.rglob("*"), folder / "backups", *(folder / "backups").rglob("*")]
    assert (home / "published" / "current" / "warehouse.duckdb").is_file()
    modes = {path: (path.lstat().st_uid, stat.S_IMODE(path.lstat().st_mode)) for path in written if not path.is_symlink()}
    wanted = {path: (account.pw_uid, 0o700 if path.is_dir() else 0o600) for path in modes}
    assert {path: modes[path] for path in modes if modes[path] != wanted[path]} == {}
    assert {path.name for path in folder.iterdir()} <= {"home", "backups", "python", ".cache", ".config"}
