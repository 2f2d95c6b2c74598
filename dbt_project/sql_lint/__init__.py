"""What dbt gives to a template, for sqlfluff, which renders templates without dbt: so that it reads the SQL that is run.

`ref`, `source`, `config` and `return` are sqlfluff's own; variables are those of `dbt_project.yml`.
"""

import datetime
from pathlib import Path
from types import SimpleNamespace

import yaml
from jinja2 import pass_context
from jinja2.runtime import Context

_VARS = yaml.safe_load((Path(__file__).parent.parent / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
_COLUMN = {"name": "a_column", "data_type": "integer"}


def var(name: str, default: object = None) -> object:
    return _VARS.get(name, default)


@pass_context
def _dispatched(context: Context, macro: str) -> object:
    """DuckDB's macro of those that another engine has one of its own for."""
    return context[f"default__{macro}"]


adapter = SimpleNamespace(dispatch=_dispatched)
dbt = SimpleNamespace(
    dateadd=lambda datepart, interval, from_date_or_timestamp: (
        f"date_add({from_date_or_timestamp}, interval ({interval}) {datepart})"
    ),
    datediff=lambda first, second, datepart: f"datediff('{datepart}', {first}, {second})",
    last_day=lambda day, datepart: f"last_day({day})",
    string_literal=lambda text: f"'{text}'",
    escape_single_quotes=lambda text: str(text).replace("'", "''"),
)
model = SimpleNamespace(columns={"a_column": _COLUMN})
modules = SimpleNamespace(datetime=datetime)
target = SimpleNamespace(schema="main")
