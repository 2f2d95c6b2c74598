"""`python -m tests.connect.odoo.install`: an Odoo 19 to test against, beside the project, and nothing of it in the system.

Odoo comes from Debian's archive: this machine's own package sources, asked for the suite `sid` by an apt configuration of its
own, so that no host is named here. Its packages are unpacked, not installed. Its Python libraries go into an environment of
their own (`requirements.txt`, made from `requirements.in`), its databases into a PostgreSQL cluster that listens on a socket
file only. Needs `apt-get`, and PostgreSQL's own package. All lies in `$CAREGAP_ODOO`, by default `.odoo/` of the checkout.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.connect.odoo.server import DATABASE, HERE, OdooUnavailable, Postgres, home, odoo_command, odoo_environment

PACKAGES = ("odoo-19", "fonts-font-awesome", "fonts-roboto-unhinted", "libjs-jquery", "libjs-jquery-form", "libjs-underscore")
MODULES = "contacts,mass_mailing,mass_mailing_sms,phone_validation"
# Translations and the charts of accounts are 0.9 of 1.2 GB.
_LOCKED = ("--require-hashes", "-r", HERE / "requirements.txt")
LEFT_OUT = ("*/i18n/*", "*/addons/l10n_*", "./usr/share/doc/*")
SOURCES = Path("/etc/apt/sources.list.d/debian.sources")


def install(into: Path) -> None:
    """Make whatever is missing in `into`; what is done stays. Raises `OdooUnavailable` where it cannot be had."""
    into.mkdir(parents=True, exist_ok=True)
    for name, make in (("dist", _unpack), ("venv", _environment), ("cluster", _database)):
        done = into / f"{name}.done"
        if not done.exists():
            print(f"odoo: {name} ...", flush=True)  # noqa: T201
            shutil.rmtree(into / name, ignore_errors=True)
            make(into)
            done.touch()


def _unpack(into: Path) -> None:
    if not shutil.which("apt-get"):
        raise OdooUnavailable("apt-get is not there: Odoo is taken from Debian's archive")
    apt = into / "apt"
    for folder in ("lists/partial", "cache/archives/partial"):
        (apt / folder).mkdir(parents=True, exist_ok=True)
    sources = _sources_of_another_suite(apt)
    options = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": apt / "lists",
        "Dir::Cache": apt / "cache",
        "APT::Sandbox::User": "root",
    }
    command = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in options.items())]
    for arguments in (["update"], ["download", *PACKAGES]):
        done = subprocess.run([*command, *arguments], cwd=apt, capture_output=True, text=True, check=False)
        if done.returncode:
            raise OdooUnavailable(f"apt-get {arguments[0]} failed: {done.stderr.strip().splitlines()[-1:]}")
    (into / "dist").mkdir()
    for package in sorted(apt.glob("*.deb")):
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as tar:
            excluded = [f"--exclude={pattern}" for pattern in LEFT_OUT]
            subprocess.run(["tar", "-x", "-C", into / "dist", "--no-same-owner", *excluded], stdin=tar.stdout, check=True)
    shutil.rmtree(apt)


def _sources_of_another_suite(apt: Path) -> Path:
    """This machine's source of Debian itself (not of its security updates), asked for the suite `sid`."""
    if not SOURCES.exists():
        raise OdooUnavailable(f"this machine has no package sources in {SOURCES}")
    stanzas = [one for one in SOURCES.read_text().split("\n\n") if "Suites:" in one and "-security" not in one]
    if not stanzas:
        raise OdooUnavailable(f"{SOURCES} names no source of Debian's archive")
    sources = apt / "sid.sources"
    sources.write_text(re.sub(r"(?m)^Suites:.*$", "Suites: sid", stanzas[0]).strip() + "\n")
    return sources


def _environment(into: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", into / "venv"], check=True)
    subprocess.run(
        ["venv/bin/python", "-m", "pip", "install", "-qq", "--disable-pip-version-check", *_LOCKED],
        cwd=into,
        check=True,
    )


def _database(into: Path) -> None:
    """A cluster with one database, the template of all: Odoo's modules, and the accounts of `prepare.py` with their keys."""
    with Postgres.created(into / "cluster") as postgres:
        command = odoo_command(into, postgres, into / "cluster/files")
        with (into / "init.log").open("w") as log:
            subprocess.run(
                [*command("server"), "-d", DATABASE, "-i", MODULES, "--without-demo", "True", "--stop-after-init", "--no-http"],
                stdout=log,
                stderr=log,
                check=True,
                env=odoo_environment(into),
            )
            prepared = subprocess.run(
                [*command("shell"), "-d", DATABASE, "--no-http"],
                input=(HERE / "prepare.py").read_text(),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                check=True,
                env=odoo_environment(into),
            )
    keys = json.loads(prepared.stdout.split("KEYS ", 1)[1].splitlines()[0])
    (into / "keys.json").write_text(json.dumps(keys))
    (into / "keys.json").chmod(0o600)


if __name__ == "__main__":
    try:
        install(home())
    except (OdooUnavailable, subprocess.CalledProcessError) as reason:
        sys.exit(f"odoo: {reason}")
