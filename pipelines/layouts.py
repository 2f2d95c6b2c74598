"""Reads layouts: the shipped ones, and the practice's own, which practice.toml names under `[layouts]`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from models.settings.layout import Layout, read_layout
from models.settings.toml_schema import SettingsRefused
from pipelines.errors import UsageError
from pipelines.home import CHECKOUT

SHIPPED = CHECKOUT / "models" / "layouts"


@cache
def shipped_layouts() -> Mapping[str, Layout]:
    """The layouts that come with Caregap, by name."""
    return {path.stem: layout_file(path) for path in sorted(SHIPPED.glob("*.toml"))}


def written_layouts(folder: Path, files: Mapping[str, str]) -> dict[str, Layout]:
    """The practice's layouts by name, from `files` relative to `folder`. Raises `UsageError` naming file, line and key."""
    return {name: layout_file(folder / file, name) for name, file in files.items()}


def layout_file(path: Path, name: str | None = None) -> Layout:
    """The layout in a file; its name is the file's, unless it is given. Raises `UsageError` if it is missing or not one."""
    if not path.is_file():
        raise UsageError(f"{path}: not found. practice.toml names it under [layouts].")
    try:
        return read_layout(path.read_bytes(), str(path)).model_copy(update={"name": name or path.stem})
    except SettingsRefused as refused:
        raise UsageError(f"{refused}\ndocs/operators.md shows what to write.") from None
