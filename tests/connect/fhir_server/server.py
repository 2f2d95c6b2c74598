"""Starts the FHIR server of `server.mjs`, whose packages npm installs once, by the lock, beside pytest's cache."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from filelock import FileLock

_HERE = Path(__file__).parent
CLIENT = httpx.Client(timeout=120, verify=False)  # noqa: S501 (loopback)
"""To the server itself. One for all: to make a client takes 23 ms."""


@dataclass(frozen=True)
class FhirServer:
    """A running server at `address`, which is its FHIR base too."""

    address: str

    def seed(self, resources: Iterable[dict[str, Any]]) -> None:
        """Put resources in, with the `meta.lastUpdated` that they have."""
        content = b"\n".join(orjson.dumps(one) for one in resources)
        CLIENT.post(f"{self.address}/seed", content=content).raise_for_status()

    def reset(self) -> None:
        """Remove everything."""
        CLIENT.post(f"{self.address}/reset").raise_for_status()

    def delete(self, place: str) -> None:
        CLIENT.delete(f"{self.address}/{place}").raise_for_status()


def installed(kept: Path) -> Path:
    """The folder with `node_modules`; skips the test where node or npm is not there, or its packages are not to be had."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("the FHIR server of the tests needs node and npm")
    lock = (_HERE / "package-lock.json").read_bytes()
    folder = kept / hashlib.sha256(lock).hexdigest()[:16]
    with FileLock(f"{folder}.lock"):
        if not (folder / "installed").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(_HERE / name, folder)
            done = subprocess.run(
                ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, capture_output=True, timeout=600
            )
            if done.returncode:
                pytest.skip("npm cannot install the FHIR server of the tests: is a registry in reach?")
            (folder / "installed").touch()
    return folder


@contextmanager
def running(folder: Path) -> Iterator[FhirServer]:
    """A new, empty server, which ends with the block."""
    process = subprocess.Popen(
        ["node", "--max-old-space-size=2048", _HERE / "server.mjs", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        port = process.stdout.readline().strip() if process.stdout else ""
        assert port, "the FHIR server did not start"
        yield FhirServer(f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()
