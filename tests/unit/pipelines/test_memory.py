"""DuckDB leaves memory to Python, on the machine or in a container."""

from pathlib import Path

import duckdb
import pytest

from pipelines.sql import memory
from pipelines.sql.connection import open_file, open_memory

GB = 10**9


def in_group(monkeypatch: pytest.MonkeyPatch, folder: Path, own: str, **limits: str) -> None:
    """This process is in the control group `own` of those below `folder`, which have these limits (`root`: the uppermost)."""
    for name, limit in limits.items():
        place = folder if name == "root" else folder / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "memory.max").write_text(f"{limit}\n")
    (folder / "cgroup").write_text(f"0::/{own}\n")
    monkeypatch.setattr(memory, "_GROUPS", folder)
    monkeypatch.setattr(memory, "_OWN", folder / "cgroup")


def machine_of(monkeypatch: pytest.MonkeyPatch, n_bytes: int) -> None:
    monkeypatch.setattr(memory.os, "sysconf", lambda name: {"SC_PAGE_SIZE": 1, "SC_PHYS_PAGES": n_bytes}[name])


def test_half_of_the_machine_is_taken(monkeypatch, tmp_path):
    in_group(monkeypatch, tmp_path, "", root="max")
    machine_of(monkeypatch, 8 * GB)
    assert memory.memory_limit() == "4000MB"


def test_a_container_has_what_its_group_or_one_above_it_allows(monkeypatch, tmp_path):
    """Of 64 GB a service that may take 3 GB, in a slice that may take 1.5 GB, gives 750 MB to DuckDB."""
    in_group(monkeypatch, tmp_path, "slice/service", slice=str(3 * GB // 2), **{"slice/service": str(3 * GB)})
    machine_of(monkeypatch, 64 * GB)
    assert memory.memory_limit() == "750MB"


def test_a_machine_without_control_groups_has_all_its_memory(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_OWN", tmp_path / "none")
    machine_of(monkeypatch, 8 * GB)
    assert memory.memory_limit() == "4000MB"


def test_every_file_and_every_database_in_memory_is_opened_so(monkeypatch, tmp_path):
    machine_of(monkeypatch, 2 * GB)
    monkeypatch.setattr(memory, "_OWN", tmp_path / "none")
    for connection in (open_file(tmp_path / "one.duckdb"), open_memory(tmp_path)):
        with connection:
            assert _limit(connection) == "953.6 MiB"  # 1 GB


def _limit(connection: duckdb.DuckDBPyConnection) -> str:
    return connection.execute("select current_setting('memory_limit')").fetchall()[0][0]
