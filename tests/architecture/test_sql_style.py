"""`make lint` reads all SQL, or says which it cannot read."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.home import CHECKOUT


@pytest.mark.parametrize(("sql", "code", "said"), [("select a from b\n", 0, ""), ("select a from b where where c\n", 1, "PRS")])
def test_sql_that_cannot_be_parsed_is_an_error(tmp_path: Path, sql: str, code: int, said: str):
    (tmp_path / "model.sql").write_text(sql)
    command = [sys.executable, "-m", "sqlfluff", "lint", "--config", CHECKOUT / "pyproject.toml", tmp_path / "model.sql"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == code, done.stdout
    assert said in done.stdout
