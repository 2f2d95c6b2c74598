"""The list of `make mutate` is true: each text stands in its file once, and the tests that it names are there."""

import re
from pathlib import Path

import pytest

from pipelines.home import CHECKOUT
from tests.mutate import UNIT_TESTS, Mutant, read_mutants


@pytest.mark.parametrize("mutant", read_mutants(), ids=str)
def test_a_mutant_changes_one_text_and_names_tests_that_are_there(mutant: Mutant):
    assert mutant.mutated(CHECKOUT) != (CHECKOUT / mutant.file).read_text(encoding="utf-8")
    assert [
        test for test in mutant.tests if test.startswith("tests/") and not (CHECKOUT / test.partition("::")[0]).exists()
    ] == []


def test_a_mutant_that_dbts_unit_tests_should_notice_is_of_a_model_that_has_some():
    """Without any, the tests fail for want of tests, as if they had noticed the change."""
    written = "\n".join(path.read_text(encoding="utf-8") for path in (CHECKOUT / "dbt_project").rglob("*.yml"))
    tested = set(re.findall(r"^ +model: (\w+)$", written, re.MULTILINE))
    models = {Path(mutant.file).stem for mutant in read_mutants() if UNIT_TESTS in mutant.tests}
    assert len(models) >= 9 and models <= tested


def test_every_room_has_mutants():
    rooms = {mutant.file.partition("/")[0] for mutant in read_mutants()}
    assert rooms >= {"pipelines", "ml", "models", "dashboards", "dbt_project"}
