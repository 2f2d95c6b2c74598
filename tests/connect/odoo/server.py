"""A running Odoo over a copy of the installed cluster: each user of it has databases of their own, on loopback."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

HERE = Path(__file__).parent
DATABASE = "caregap_template"
_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


class OdooUnavailable(Exception):
    """Why there is no Odoo to test against here."""


def home() -> Path:
    """Where Odoo is installed for the tests."""
    return Path(os.environ.get("CAREGAP_ODOO") or HERE.parents[2] / ".odoo").absolute()


@dataclass(frozen=True)
class Postgres:
    """A running cluster that listens on a socket file in `sockets` and nowhere else. PostgreSQL refuses to run as root."""

    cluster: Path
    sockets: Path

    @classmethod
    @contextmanager
    def created(cls, cluster: Path) -> Iterator["Postgres"]:
        """A new, empty cluster; stopped at the end."""
        _owned(cluster)
        _run("initdb", "-D", cluster / "data", "-A", "trust", "-U", "odoo", "--encoding", "UTF8", "--locale", "C.UTF-8")
        with cls.running(cluster, stop="fast") as postgres:
            yield postgres

    @classmethod
    @contextmanager
    def running(cls, cluster: Path, stop: str = "immediate") -> Iterator["Postgres"]:
        """The cluster, started; stopped at the end. What it holds need not outlive the machine, so nothing waits for the disk.

        What is to be there next time needs `stop` "fast": at once, the commits of the last half second are lost, which were the
        accounts' keys where the machine was quick.
        """
        # A socket's path may have 107 characters.
        with tempfile.TemporaryDirectory(prefix="odoo-") as folder:
            sockets = Path(folder)
            _owned(sockets)
            settings = f"-c listen_addresses='' -c unix_socket_directories={sockets} -c fsync=off -c synchronous_commit=off"
            _run(
                "pg_ctl",
                "-D",
                cluster / "data",
                "-w",
                "-l",
                cluster / "log",
                "-o",
                settings + " -c full_page_writes=off",
                "start",
            )
            try:
                yield cls(cluster, sockets)
            finally:
                _run("pg_ctl", "-D", cluster / "data", "-m", stop, "stop")

    def restore(self, name: str) -> None:
        """Make the database `name` anew from the template."""
        _run("dropdb", "-h", self.sockets, "-U", "odoo", "--if-exists", "--force", name)
        _run("createdb", "-h", self.sockets, "-U", "odoo", "-T", DATABASE, name)


@dataclass(frozen=True)
class Odoo:
    """A running Odoo with one database: its address, and a key for each account that `prepare.py` made."""

    url: str
    database: str
    keys: dict[str, str]

    def call(self, model: str, method: str, account: str = "admin", **arguments: object) -> object:
        """What the method answers to the account. Raises `HTTPError` where Odoo refuses."""
        request = Request(  # noqa: S310 (loopback)
            f"{self.url}/json/2/{model}/{method}",
            data=json.dumps(arguments).encode(),
            headers={"Authorization": f"bearer {self.keys[account]}", "Content-Type": "application/json"},
        )
        with urlopen(request, timeout=120) as answer:  # noqa: S310 (loopback)
            return json.load(answer)


@contextmanager
def running_odoo(database: str = "practice", port: int | None = None, folder: Path | None = None) -> Iterator[Odoo]:
    """An Odoo on a fresh copy of the template. Raises `OdooUnavailable` where it is not installed (`make setup-odoo`)."""
    installed = home()
    if not (installed / "cluster.done").exists():
        raise OdooUnavailable("Odoo is not installed here: run make setup-odoo")
    with tempfile.TemporaryDirectory(prefix="odoo-") as scratch:
        cluster = (folder or Path(scratch)) / "cluster"
        _owned(cluster.parent)
        subprocess.run(["cp", "-a", installed / "cluster", cluster], check=True)
        (cluster / "data/postmaster.pid").unlink(missing_ok=True)
        with Postgres.running(cluster) as postgres:
            postgres.restore(database)
            port = port or _free_port()
            command = odoo_command(installed, postgres, cluster / "files")("server")
            options = ["-d", database, "--http-interface", "127.0.0.1", "--http-port", str(port), "--max-cron-threads", "0"]
            with (cluster.parent / "odoo.log").open("w") as log:
                process = subprocess.Popen(
                    [*command, *options, "--no-database-list"], stdout=log, stderr=log, env=odoo_environment(installed)
                )
            try:
                url = f"http://127.0.0.1:{port}"
                _wait_for(f"{url}/web/health", process)
                yield Odoo(url, database, json.loads((installed / "keys.json").read_text()))
            finally:
                process.terminate()
                process.wait()


def odoo_command(installed: Path, postgres: Postgres, files: Path) -> Callable[[str], list[str | Path]]:
    """The command line of one of Odoo's commands (`server`, `shell`) on that cluster, with its attachments in `files`."""
    options = ["--db_host", postgres.sockets, "--db_user", "odoo", "--data-dir", files]
    return lambda verb: [installed / "venv/bin/python", installed / "dist/usr/bin/odoo", verb, *options]


def odoo_environment(installed: Path) -> dict[str, str]:
    """What Odoo's commands find its packages by."""
    return {**os.environ, "PYTHONPATH": str(installed / "dist/usr/lib/python3/dist-packages")}


def _owned(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        folder.chmod(0o755)


def _run(command: str, *arguments: str | Path) -> None:
    if not _BINARIES:
        raise OdooUnavailable("PostgreSQL's server is not there: install Debian's package postgresql")
    account = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run([_BINARIES[-1] / command, *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/", **account)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        try:
            with urlopen(url, timeout=10):  # noqa: S310 (loopback)
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise OdooUnavailable(f"Odoo did not start: {process.poll()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
