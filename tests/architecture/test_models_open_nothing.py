"""`models/` says what rows may be, and opens no file; the stores of the audit log, of keys and of saved queries alone do."""

import ast

import pytest

from pipelines.home import CHECKOUT

OPENS = {"os", "pathlib", "shutil", "socket", "subprocess", "tempfile", "fcntl"}
STORES = [CHECKOUT / "models" / room / "store.py" for room in ("audit_log", "home_keys", "saved_queries")]
FILES = sorted((CHECKOUT / "models").rglob("*.py"))


def _reaches_out(source: str) -> set[str]:
    """What of a module's code reads or writes: modules of the system that it imports, and calls of `open`."""
    tree = list(ast.walk(ast.parse(source)))
    imported = {alias.name.partition(".")[0] for node in tree if isinstance(node, ast.Import) for alias in node.names}
    imported |= {(node.module or "").partition(".")[0] for node in tree if isinstance(node, ast.ImportFrom)}
    calls = {node.func.id for node in tree if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    return (imported & OPENS) | (calls & {"open"})


@pytest.mark.parametrize("path", [path for path in FILES if path not in STORES], ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_no_model_reads_or_writes(path):
    assert _reaches_out(path.read_text()) == set()


@pytest.mark.parametrize("store", STORES, ids=lambda path: path.parent.name)
def test_a_store_is_found_to_do_so(store):
    assert {"os", "pathlib"} <= _reaches_out(store.read_text())
