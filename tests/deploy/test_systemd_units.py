"""The services of `deploy/systemd/`: systemd itself judges them, and the pipeline runs with what they leave it."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import duckdb
import httpx
import pytest

from pipelines.home import CHECKOUT
from tests.deploy import confined

UNITS = CHECKOUT / "deploy" / "systemd"
SERVICES = ["caregap-alerts", "caregap-dagster", "caregap-dashboards", "caregap-nightly"]
MOST_EXPOSED = 3.0

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze: make setup-deploy")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A root folder in which the units are installed as docs/operators.md says, with a program where theirs is."""
    system = tmp_path / "etc/systemd/system"
    shutil.copytree(UNITS, system)
    shutil.copytree("/usr/lib/systemd/system", tmp_path / "usr/lib/systemd/system", symlinks=True)
    program = tmp_path / "opt/caregap/.venv/bin/caregap"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return tmp_path


def analyzed(root: Path, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", verb, f"--root={root}", "--no-pager", *arguments], capture_output=True, text=True, timeout=120
    )


def exposure(root: Path, service: str) -> float:
    said = analyzed(root, "security", "--offline=true", f"{service}.service").stdout
    return float(re.search(r"Overall exposure level for \S+: ([\d.]+)", said)[1])


def test_these_are_the_services():
    assert sorted(path.stem for path in UNITS.glob("*.service")) == SERVICES


@needs_systemd
def test_systemd_takes_every_unit_as_it_is_and_notices_a_mistake(installed):
    units = [str(path) for path in (installed / "etc/systemd/system").glob("caregap-*.*") if path.is_file()]
    assert len(units) == 6
    done = analyzed(installed, "verify", "--man=no", *units)
    assert (done.returncode, done.stderr) == (0, "")
    hardening = installed / "etc/systemd/system/caregap-.service.d/hardening.conf"
    hardening.write_text(hardening.read_text().replace("ProtectSystem=", "ProtectSistem="))
    assert "ProtectSistem" in analyzed(installed, "verify", "--man=no", *units).stderr


@needs_systemd
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_exposed_to_less_than_3_of_10_and_without_its_hardening_to_more_than_9(installed, service):
    assert exposure(installed, service) < MOST_EXPOSED
    shutil.rmtree(installed / "etc/systemd/system/caregap-.service.d")
    assert exposure(installed, service) > 9


def test_no_service_is_root_or_has_a_key_on_its_command_line_or_in_its_settings():
    assert confined.settings("User") == ["caregap"]
    assert confined.settings("LoadCredential") == ["caregap-key:/etc/caregap/key", "audit_key:/etc/caregap/audit_key"]
    for path in [*UNITS.glob("*.service"), confined.HARDENING]:
        text = path.read_text()
        assert "User=root" not in text
        for variable in re.findall(r"(CAREGAP_\w*(?:KEY|SECRET)\w*)=(\S*)", text):
            assert variable[0].endswith("_FILE") and variable[1].startswith("%d/"), variable


needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv") or CHECKOUT.is_relative_to("/tmp"),  # noqa: S108
    reason="only root can confine a process, which then sees nothing of /tmp: no checkout there",
)


@pytest.fixture
def run_confined(tmp_path: Path):
    """`run_confined("caregap", "run")`: how the command ends with what the services may do; its home is `tmp_path / "home"`."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        start = [sys.executable, str(Path(confined.__file__)), str(home)]
        return subprocess.run(
            [*start, *command], env={**os.environ, **confined.environment()}, capture_output=True, text=True, cwd=CHECKOUT
        )

    return run


@needs_systemd
@needs_root
@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        ("open('/opt/x', 'w')", "Read-only file system"),
        ("open('/root/x', 'w')", "Read-only file system"),
        ("import os; os.chroot('/')", "Operation not permitted"),
        ("import os; os.chown('/mnt/home', 1, 1)", "Operation not permitted"),
        ("import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", "Operation not permitted"),
        ("import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)", "Permission denied"),
        ("import ctypes; assert not ctypes.CDLL(None, use_errno=True).ptrace(0), 'Operation not permitted'", "not permitted"),
    ],
)
def test_what_a_service_may_not_do_fails(run_confined, attempt, said):
    done = run_confined(sys.executable, "-c", attempt)
    assert done.returncode == 1 and said in done.stderr


@needs_systemd
@needs_root
@pytest.mark.parametrize("place", [confined.HOME, "/tmp", "/run/caregap"])  # noqa: S108
def test_a_service_writes_where_it_must_and_for_its_own_account_alone(run_confined, place):
    done = run_confined("sh", "-c", f"echo x > {place}/x && stat -c %a {place}/x")
    assert (done.returncode, done.stdout) == (0, "600\n"), done.stderr


@needs_systemd
@needs_root
@pytest.mark.slow
def test_a_whole_run_and_the_look_for_signs_need_no_more_than_their_services_may(
    run_confined, small_practice, tmp_path, monkeypatch
):
    """Of a practice of 60 patients, in an encrypted home: DuckDB loads the extension that encrypts, too."""
    program = str(Path(sys.executable).with_name("caregap"))
    deliveries = tmp_path / "home" / "deliveries"  # /tmp is the service's own
    shutil.copytree(small_practice, deliveries)
    monkeypatch.setenv("CAREGAP_KEY", "7" * 64)
    assert run_confined(program, "keys", "init").returncode == 0
    done = run_confined(program, "run", f"{confined.HOME}/deliveries")
    assert done.returncode == 0, done.stderr
    with pytest.raises(duckdb.Error, match="encrypted"):
        duckdb.connect(str(tmp_path / "home/published/current/warehouse.duckdb"), read_only=True)
    told = run_confined(program, "audit", "alerts")
    assert (told.returncode, told.stdout) == (0, "0 signs of intrusion, 0 new.\n")
    others = [path for path in (tmp_path / "home").rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o077]
    assert [path for path in others if deliveries not in [path, *path.parents]] == []


@needs_systemd
@needs_root
@pytest.mark.slow
def test_a_query_of_an_analyst_runs_with_what_the_dashboards_service_may(run_confined, sample_warehouse, tmp_path):
    """Its process sets limits for itself, which the filter must let pass."""
    shutil.copy(sample_warehouse, tmp_path / "home" / "warehouse.duckdb")
    program = (
        "from pathlib import Path\nfrom dashboards.sandbox.runner import start\nhome = Path('/mnt/home')\n"
        "asked = start(home / 'warehouse.duckdb', 'select count(*) as n from marts.dim_kpis', beside=home)\n"
        "asked.wait(60)\nanswer = asked.answer()\nprint(answer.rows['n'][0] if answer.rows is not None else answer.problem)\n"
    )
    done = run_confined(sys.executable, "-c", program)
    assert done.returncode == 0 and int(done.stdout) >= 79, done.stdout + done.stderr


@needs_systemd
@needs_root
@pytest.mark.slow
@pytest.mark.parametrize(("service", "path"), [("caregap-dashboards", "/_stcore/health"), ("caregap-dagster", "/server_info")])
def test_the_pages_are_served_with_what_their_services_may(service, path, sample_home, tmp_path):
    """The unit's own command, on another port; the sample is published in its home."""
    home = tmp_path / "home"
    shutil.copytree(sample_home.published, home / "published", symlinks=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = re.search(r"^ExecStart=\S+ (.*)$", (UNITS / f"{service}.service").read_text(), re.MULTILINE)[1]
    words = [str(Path(sys.executable).with_name("caregap")), *re.sub(r"--port \d+", f"--port {port}", command).split()]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, str(Path(confined.__file__)), str(home), *words],
            env={**os.environ, **confined.environment()},
            cwd=CHECKOUT,
            stdout=log,
            stderr=log,
        )
    try:
        for _ in range(360):
            with suppress(httpx.TransportError):
                answer = httpx.get(f"http://127.0.0.1:{port}{path}")
                break
            assert server.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.5)
        assert answer.status_code == 200, (tmp_path / "log").read_text()
    finally:
        server.terminate()
        server.wait(timeout=60)
