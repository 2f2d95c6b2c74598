"""A pick among rows (`row_number`, `max_by`, `string_agg`, `limit` …) must not depend on the order in which threads read them.

Two undisturbed runs of the sample gave 5 of 62 trial outcomes another value, picked among ties by `max_by`. So the order of every
pick holds a column that tells the rows apart, or the picked value itself; where it does not, `TOLD_APART` says why it needs none.
"""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
import sqlglot
from sqlglot import exp

TELLING = ("_key", "_id", "position", "measure_code")
"""How the name of a column ends that tells rows apart: keys, ids, and the place of an element in its resource."""
BY_ORDER = (exp.RowNumber, exp.FirstValue, exp.LastValue, exp.NthValue, exp.Lag, exp.Lead, exp.Ntile)
AGGREGATES = (exp.ArgMax, exp.ArgMin, exp.ArrayAgg, exp.GroupConcat, exp.First, exp.Last, exp.AnyValue)
OTHERS = {"arbitrary", "list", "arg_max_null", "arg_min_null"}
"""Picks that sqlglot has no name for."""

DAYS = "one row per patient and day"
MONTHS = "one row per patient, or slice, and month"
SAME = "equal rows have equal values"
ONE = "all of the rows have the same value"
SET = "only asked whether it contains something"
RANK = "a rank by row_number, which has a total order itself"

TOLD_APART: dict[tuple[str, str], str] = {
    ("cms117_childhood_immunization_status", "doses.given_on"): DAYS,
    ("cms117_childhood_immunization_status", "given_on"): "counts doses; equal rows are two doses of one day",
    ("cms117_childhood_immunization_status", "parts.series_name"): "one row per patient and series",
    (
        "cms122_diabetes_poor_glycemic_control",
        "assessed_on DESC, has_quantity, has_value, percent NULLS FIRST",
    ): SAME,
    (
        "cms90_functional_status_heart_failure",
        "(follow_ups.done_on, initial_assessments.done_on, initial_assessments.instrument)",
    ): SAME,
    ("cms128_antidepressant_medication", "from_on, to_on"): SAME,
    ("cms136_adhd_follow_up", "from_on, to_on"): SAME,
    ("cms136_adhd_follow_up", ""): "sorted afterwards",
    ("cms137_substance_use_treatment", ""): "sorted afterwards",
    ("cms155_weight_assessment_and_counseling", ""): SET,
    ("cms155_weight_assessment_and_counseling", "measurement"): "one row per patient and measurement",
    ("cms165_controlling_high_blood_pressure", "measured_on DESC"): DAYS,
    ("fct_baselines", "kpi_months.month_on"): MONTHS,
    ("int_money__remittances", "lines.line_number"): "one row per claim and line",
    ("fct_kpi_periods", ""): ONE,
    ("fct_kpi_rows", "month_on DESC"): "one row per KPI and month",
    ("fct_program_returns", "outcome_name"): SAME,
    ("fct_receivable_ages", "months.month_on"): MONTHS,
    ("fct_unit_values", "month_on DESC"): MONTHS,
    ("fct_unit_values", "newest.month_on"): MONTHS,
    ("int_activity__visit_days", "days.visit_on"): DAYS,
    ("int_activity__visit_months", "visit_on"): DAYS,
    ("int_clinical__dosage_bounds", "lo_at_earliest, hi_at_latest"): SAME,
    ("int_gaps__closures", "month_end_on DESC"): MONTHS,
    ("int_gaps__months", "month_end_on"): MONTHS,
    ("int_gaps__months", "period_end_on"): MONTHS,
    ("int_identity__ehr_patients", "identifier_system, identifier_value"): SAME,
    ("int_identity__ehr_patients", "preference"): RANK,
    ("int_identity__records", ""): SET,
    ("int_kpis__availability", "required_extracts.required_extract"): "one row per KPI and extract",
    ("int_kpis__engagement_parts", "month_on"): MONTHS,
    ("int_kpis__switched_off_measures", "CAST(SUBSTRING(measure_code, 4) AS INT)"): "one row per KPI and measure",
    ("int_measures__periods", "period_start_on"): "one row per period",
    ("int_money__receivables", "months.month_on"): MONTHS,
    ("int_money__unremitted_charges", "posted_on"): "one row per charge and day",
    ("int_outreach__assignments", ""): "sorted afterwards",
    ("int_outreach__channel_answers", ""): ONE,
    ("int_outreach__guard_rails", "preference"): RANK,
    ("int_outreach__hour_answers", ""): ONE,
    (
        "int_outreach__channels",
        "contact_points.preferred_channel IS NOT DISTINCT FROM contact_points.channel DESC, "
        "COALESCE(channel_answers.answer_share, 0) DESC, "
        "LIST_POSITION(['phone', 'sms', 'email', 'portal', 'mail'], contact_points.channel)",
    ): "one row per patient and channel",
    ("int_patients__consents", "recorded_at DESC, consent_status = 'revoked' DESC, consent_status"): SAME,
    (
        "int_patients__coverages",
        "classes.code_system = 'text', LENGTH(classes.code) DESC, classes.code",
    ): "one row of the seed per system and code",
    ("int_patients__demographics", "recency"): RANK,
    ("int_patients__demographics", "trust"): RANK,
    ("int_patients__payers", "preference, coverage_order, known_on DESC, payer_name, payer_class, tie_breaker"): SAME,
    ("kpi_medication_adherence", "fill_day"): "one row per patient, medication and day",
    ("kpi_portal_adoption_rate", "used_month_on"): MONTHS,
    ("out_patient_contacts", "contacted_at DESC, kind, channel, direction, purpose, outcome"): SAME,
}
"""Why a pick needs no more order than it has, by model and order."""


class Pick(NamedTuple):
    """`sql`, the expressions of its `order`, the `value` that it takes, and what is the `same` for all rows it chooses from."""

    sql: exp.Expression
    order: list[exp.Expression]
    value: str | None = None
    same: frozenset[str] = frozenset()


def loose_picks(sql: str) -> Iterator[tuple[str, str]]:
    """The order and the text of every pick of a query among rows that its order may not tell apart."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    for pick in [*_windows(tree), *_aggregates(tree), *_limits(tree)]:
        compared = [part for one in pick.order for part in _parts(one)]
        telling = (part for part in compared if isinstance(part, exp.Column) and part.name.endswith(TELLING))
        if all(_text(part) in pick.same for part in telling) and pick.value not in map(_text, compared):
            yield ", ".join(map(_text, pick.order)), _text(pick.sql)


def _windows(tree: exp.Expression) -> Iterator[Pick]:
    for window in tree.find_all(exp.Window):
        named = _named(window)
        by_row = any((one.args.get("spec") or {}) and one.args["spec"].args["kind"].lower() == "rows" for one in (window, named))
        function = window.this.find(*BY_ORDER, *AGGREGATES) if isinstance(window.this, exp.Expression) else None
        if by_row or function:
            own = function.find(exp.Order) if isinstance(function, AGGREGATES) else None
            order = own or named.args.get("order")
            partition = frozenset(_text(part) for part in named.args.get("partition_by") or [])
            yield Pick(window, order.expressions if order else [], None, partition)


def _named(window: exp.Window) -> exp.Window:
    """The definition of a window that is used by its name."""
    name, select = window.args.get("alias"), window.find_ancestor(exp.Select)
    defined = (select.args.get("windows") or []) if name and select else []
    return next((one for one in defined if one is not window and one.name == name.name), window)


def _aggregates(tree: exp.Expression) -> Iterator[Pick]:
    for aggregate in tree.find_all(*AGGREGATES):
        if isinstance(aggregate, exp.ArgMax | exp.ArgMin):
            yield Pick(aggregate, [aggregate.expression], _text(aggregate.this))
        elif not isinstance(aggregate.find_ancestor(exp.Window, exp.Select), exp.Window):
            order, value = aggregate.find(exp.Order), aggregate.this
            while isinstance(value, exp.Order | exp.Distinct):
                value = value.this if isinstance(value, exp.Order) else value.expressions[0]
            yield Pick(aggregate, order.expressions if order else [], _text(value))
    for call in tree.find_all(exp.Anonymous):
        if call.name.lower() in OTHERS:
            yield Pick(call, [])


def _limits(tree: exp.Expression) -> Iterator[Pick]:
    for select in tree.find_all(exp.Select):
        distinct = select.args.get("distinct")
        if select.args.get("limit") or (distinct and distinct.args.get("on")):
            order = select.args.get("order")
            yield Pick(select, order.expressions if order else [])


def _parts(order: exp.Expression) -> Iterator[exp.Expression]:
    """What an order compares in turn: the elements of a tuple or struct, otherwise the expression itself."""
    while isinstance(order, exp.Ordered | exp.Paren | exp.Neg):
        order = order.this
    if isinstance(order, exp.Tuple | exp.Struct):
        for one in order.expressions:
            yield from _parts(one)
    else:
        yield order


def _text(node: exp.Expression) -> str:
    return node.sql("duckdb", comments=False)


@pytest.mark.parametrize(
    "sql",
    [
        "select max_by(outcome, at) from calls",
        "select max_by(outcome, (at, channel)) from calls",
        "select first(outcome order by at) from calls",
        "select any_value(outcome) from calls",
        "select list(outcome) from calls",
        "select string_agg(outcome, ', ' order by at) from calls",
        "select * from calls qualify row_number() over (partition by patient_key order by at) = 1",
        "select * from calls qualify row_number() over (partition by patient_key order by at, patient_key) = 1",
        "select sum(n) over (order by at rows unbounded preceding) from calls",
        "select last_value(outcome) over life from calls window life as (order by at)",
        "select * from calls order by at limit 1",
        "select distinct on (patient_key) * from calls order by at",
    ],
)
def test_a_pick_among_possible_ties_is_found(sql: str):
    assert len(list(loose_picks(sql))) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "select max_by(outcome, (at, outcome)) from calls",
        "select max_by(outcome, (at, -call_id)) from calls",
        "select string_agg(distinct outcome, ', ' order by outcome) from calls",
        "select * from calls qualify row_number() over (partition by patient_key order by at, call_id) = 1",
        "select last_value(outcome) over life from calls window life as (order by at, call_id)",
        "select sum(n) over (order by at) from calls",
        "select * from calls order by at, call_id limit 1",
    ],
)
def test_a_pick_in_a_total_order_is_none(sql: str):
    assert list(loose_picks(sql)) == []


def test_every_pick_has_a_total_order(compiled: dict[str, str]):
    loose = {(model.partition(".")[2], order): pick for model, sql in compiled.items() for order, pick in loose_picks(sql)}
    assert len(compiled) > 300
    assert {place: pick for place, pick in loose.items() if place not in TOLD_APART} == {}
    assert set(TOLD_APART) - set(loose) == set(), "no longer needed"
