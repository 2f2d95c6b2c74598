"""Writes the evaluation of the risk models as Markdown, from the tables of schema `ml`."""

from pathlib import Path
from typing import Any

import duckdb

from pipelines.keys import sealed
from pipelines.sql.connection import open_file

REPORT_FILE = "model_evaluation.md"

_MODELS = """
    select model_version, min(test_from_on), max(test_to_on) from ml.model_evaluations group by all order by model_version
"""
_EVERYBODY = """
    select metric, value, low, high, n_rows, n_patients, n_events, note from ml.model_evaluations
    where model_version = ? and subgroup_type = 'all'
"""
_GROUPS = """
    select subgroup_type, subgroup, n_patients, n_events,
        max(value) filter (where metric = 'auroc') as auroc,
        max(low) filter (where metric = 'auroc') as auroc_low,
        max(high) filter (where metric = 'auroc') as auroc_high,
        max(value) filter (where metric = 'observed_over_expected') as o_e,
        max(low) filter (where metric = 'observed_over_expected') as o_e_low,
        max(high) filter (where metric = 'observed_over_expected') as o_e_high
    from ml.model_evaluations where model_version = ? and subgroup_type <> 'all'
    group by all order by subgroup_type, subgroup
"""
_CURVES = """
    select series, x_value, y_value, low, high, n_rows from ml.model_curves where model_version = ? and curve = ?
    order by point, series desc
"""
_IMPORTANCES = """
    select importance_rank, feature, importance, missing_rate, description from ml.model_importances where model_version = ?
    order by importance_rank
"""
_MONITORING = (
    "select check_name, subject, value, warns_at, stops_at, status from ml.model_monitoring where status <> 'ok' order by all"
)


def write_model_report(warehouse: Path, folder: Path) -> Path:
    """Write `folder`/model_evaluation.md from the tables of `warehouse`, opened read-only. Returns its path."""
    with open_file(warehouse, read_only=True) as connection:
        text = model_report(connection)
    path = folder / REPORT_FILE
    path.write_bytes(sealed(path, text))
    return path


def model_report(connection: duckdb.DuckDBPyConnection) -> str:
    """The page, from an open connection to a build or publication with trained models."""
    parts = ["# Evaluation of the risk models", "95 % intervals, by resampling patients. All months are later than training."]
    for version, first, last in connection.execute(_MODELS).fetchall():
        parts.append(f"## {version}" + (f", tested on {first} to {last}" if first else ""))
        parts.append(_table(connection, _EVERYBODY, [version]))
        parts += _section(connection, "By group of patients", _GROUPS, [version])
        parts += _section(
            connection, "Reliability: mean risk (x) and observed rate (y) by tenth", _CURVES, [version, "reliability"]
        )
        parts += _section(connection, "Decision curve: threshold (x) and net benefit (y)", _CURVES, [version, "decision"])
        parts += _section(connection, "What moves the log-odds", _IMPORTANCES, [version])
    scored = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = 'ml' and table_name = 'model_monitoring'"
    )
    if scored.fetchall()[0][0]:
        parts += _section(connection, "Checks that warned or stopped", _MONITORING, [])
    return "\n\n".join(parts) + "\n"


def _section(connection: duckdb.DuckDBPyConnection, title: str, query: str, parameters: list[Any]) -> list[str]:
    table = _table(connection, query, parameters)
    return [f"### {title}", table] if table else []


def _table(connection: duckdb.DuckDBPyConnection, query: str, parameters: list[Any]) -> str:
    cursor = connection.execute(query, parameters)
    names, rows = [column[0] for column in cursor.description], cursor.fetchall()
    shown = [position for position in range(len(names)) if any(row[position] is not None for row in rows)]
    lines = [[names[position] for position in shown], ["---"] * len(shown)]
    lines += [[_cell(row[position]) for position in shown] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if rows else ""


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value).replace("|", "/")
