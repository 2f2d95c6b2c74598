"""Reads scenario files: the two shipped ones, and the practice's own in `scenarios/` beside its practice.toml."""

from pathlib import Path
from typing import Any

from ml.roi.scenario import Scenario, ScenarioRefused, ScenarioSettings, read_scenario
from models.settings.toml_schema import SettingsRefused, check_settings, parse_toml
from pipelines.errors import UsageError
from pipelines.home import CHECKOUT

SHIPPED = CHECKOUT / "models" / "scenarios"
FOLDER = "scenarios"
BASE = "base"


def written_scenarios(folder: Path) -> dict[str, dict[str, Any]]:
    """The content of `scenarios/*.toml` in a practice's folder, by file name. Raises `UsageError` if one is not TOML."""
    return {path.name: _written(path) for path in sorted((folder / FOLDER).glob("*.toml"))}


def scenarios(own: dict[str, dict[str, Any]]) -> list[Scenario]:
    """The shipped scenarios and the practice's; a practice's scenario replaces a shipped one of the same name.

    Missing values come from the base scenario, the practice's own if it has one. Raises `UsageError` naming file and key.
    """
    shipped = {path.name: _written(path) for path in sorted(SHIPPED.glob("*.toml"))}
    [(base_file, base)] = [(file, written) for file, written in shipped.items() if written["name"] == BASE]
    found = {BASE: read_one(base_file, base, None)}
    for file, written in sorted(own.items(), key=lambda one: one[1].get("name") != BASE):
        scenario = read_one(file, written, found[BASE])
        if scenario.name in found and scenario.name != BASE:
            raise UsageError(f"{file}: another file already defines scenario {scenario.name}. Give this one another name.")
        found[scenario.name] = scenario
    for file, written in shipped.items():
        if written["name"] not in found:
            found[written["name"]] = read_one(file, written, found[BASE])
    return list(found.values())


def read_one(file: str, written: dict[str, Any], base: Scenario | None) -> Scenario:
    """The scenario of one file. Raises `UsageError` naming the file and the key."""
    try:
        return read_scenario(written, base)
    except ScenarioRefused as refusal:
        raise UsageError(f"{file}: {refusal}.") from None


def scenario_file(path: Path) -> dict[str, Any]:
    """The content of a scenario file. Raises `UsageError` if it is missing or not TOML."""
    if not path.is_file():
        raise UsageError(f"{path}: not found.")
    return _written(path)


def _written(path: Path) -> dict[str, Any]:
    try:
        text, tables = parse_toml(path.read_bytes(), str(path))
        check_settings(tables, ScenarioSettings, str(path), text)
        return tables
    except SettingsRefused as refused:
        raise UsageError(f"{refused}\ndocs/estimates.md shows what to write.") from None
