"""A rate is divided in one place: a page that divides has a formula of its own."""

import ast
from pathlib import Path

import pytest

from pipelines.home import CHECKOUT

PAGES = sorted((CHECKOUT / "dashboards" / "app_pages").glob("*.py"))
# Not rates of the practice: the hours and days of a clock, the share of the seconds that a query may take, and the path of a log.
ALLOWED = {"audit.py": 1, "data_health.py": 2, "sql.py": 1}


def _divides(node: ast.AST) -> bool:
    """Whether a node divides; `/` before a text joins a path."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not _is_text(node.right)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_divides_nothing_that_it_shows(page: Path):
    """Numerator and denominator come from a mart; `dashboards.kpis` divides them and knows when they are few."""
    assert sum(map(_divides, ast.walk(ast.parse(page.read_text())))) == ALLOWED.get(page.name, 0)
