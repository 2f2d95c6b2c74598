"""A run in this process silences Dagster, and nobody else."""

import logging

import dagster as dg
import pytest
from dagster._core.execution.context.system import StepExecutionContext
from dagster._core.log_manager import DagsterLogManager

from pipelines.defs.unheard import unheard


def test_the_warnings_of_other_libraries_are_heard_while_dagster_is_silent(caplog: pytest.LogCaptureFixture):
    with unheard():
        logging.getLogger("sklearn").warning("a model did not converge")
        logging.getLogger("dagster").warning("an event")
    assert caplog.messages == ["a model did not converge"]


def test_afterwards_dagster_is_as_it_was():
    parts = (DagsterLogManager.log_dagster_event, StepExecutionContext.get_output_asset_keys, logging.getLogger("dagster").level)
    with unheard():
        assert DagsterLogManager.log_dagster_event is not parts[0]
    now = (DagsterLogManager.log_dagster_event, StepExecutionContext.get_output_asset_keys, logging.getLogger("dagster").level)
    assert now == parts


def test_a_run_tells_its_outcome_and_the_outcome_of_its_checks():
    @dg.multi_asset(
        specs=[dg.AssetSpec("first"), dg.AssetSpec("second", deps=["first"])],
        check_specs=[dg.AssetCheckSpec("has_rows", asset="second")],
    )
    def both():
        yield dg.MaterializeResult("first")
        yield dg.MaterializeResult("second", check_results=[dg.AssetCheckResult(passed=False, check_name="has_rows")])

    with unheard():
        result = dg.materialize([both])
    assert result.success
    assert [(check.check_name, check.passed) for check in result.get_asset_check_evaluations()] == [("has_rows", False)]


def test_a_table_that_is_made_before_one_that_it_reads_is_still_refused():
    @dg.multi_asset(specs=[dg.AssetSpec("first"), dg.AssetSpec("second", deps=["first"])])
    def wrong_order():
        yield dg.MaterializeResult("second")
        yield dg.MaterializeResult("first")

    with unheard(), pytest.raises(dg.DagsterInvariantViolationError, match="topological order"):
        dg.materialize([wrong_order])
