"""Expressions of DuckDB's dialect that mean something else in Spark, as what means the same there."""

from collections.abc import Callable
from typing import Any

from sqlglot import exp

UNITS = ("YEARS", "MONTHS", "WEEKS", "DAYS", "HOURS", "MINUTES", "SECONDS")
WHOLE = {exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT}
PARTS_OF_A_TIME = (exp.Extract, exp.Year, exp.Month, exp.Day)
COUNTS = (exp.Count, exp.Floor, exp.Ceil, exp.RowNumber, exp.Length, exp.DateDiff, exp.ArraySize, *PARTS_OF_A_TIME)
OF_ONE_TYPE = (exp.Coalesce, exp.Greatest, exp.Least, exp.Max, exp.Min, exp.Paren, exp.Window, exp.Lag, exp.Lead)
"""What is of the type of its first argument."""
RENAMED = {
    "SUFFIX": "ENDSWITH",
    "PREFIX": "STARTSWITH",
    "LIST_EXTRACT": "TRY_ELEMENT_AT",
    "LIST_POSITION": "ARRAY_POSITION",
}


def call(name: str, *arguments: Any) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


def number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def is_null(value: exp.Expr) -> exp.Expr:
    return exp.Is(this=exp.Paren(this=value.copy()), expression=exp.Null())


def lambda_of(body: exp.Expr, *names: str) -> exp.Lambda:
    return exp.Lambda(this=body, expressions=[exp.to_identifier(name) for name in names])


def _order_key(by: exp.Expr) -> exp.Expr:
    """A key to take the highest or lowest by: DuckDB ranks a null within a row above all else, Spark below."""
    if not isinstance(by, exp.Tuple):
        return by
    return call("STRUCT", *(part for one in by.expressions for part in (is_null(one), one.copy())))


def _picked(node: exp.Expr, where: exp.Expr | None = None) -> exp.Expr:
    """`max_by` and `min_by` pass over a row without the value in DuckDB; Spark would give the null."""
    picked = call("MAX_BY" if isinstance(node, exp.ArgMax) else "MIN_BY", node.this, _order_key(node.expression))
    has_value = exp.Not(this=is_null(node.this))
    return exp.Filter(this=picked, expression=exp.Where(this=exp.and_(has_value, where) if where else has_value))


def _list_of(node: exp.ArrayAgg, where: exp.Expr | None = None, over: exp.Window | None = None) -> exp.Expr:
    """`list(x order by y)`, also `over` a window: with its nulls and in its order; null where there are no rows."""
    value: Any = node.this
    order: list[Any] = []
    distinct = False
    while isinstance(value, (exp.Order, exp.Distinct)):
        if isinstance(value, exp.Order):
            value, order = value.this, value.expressions
        else:
            (value,), distinct = value.expressions, True
    keys = []
    for one in order:
        if one.args.get("desc"):
            raise NotImplementedError("list(… order by … desc)")
        keys += [is_null(one.this), one.this.copy()]
    row = call("STRUCT", *keys, exp.alias_(value.copy(), "value"))
    made: exp.Expr = call("COLLECT_SET" if distinct else "COLLECT_LIST", row)
    made = exp.Filter(this=made, expression=exp.Where(this=where.copy())) if where else made
    if over is not None:
        over = over.copy()
        over.set("this", made)
        made = over
    made = call("ARRAY_SORT", made) if order else made
    made = call("TRANSFORM", made, lambda_of(exp.column("value", table="row"), "row"))
    return call("IF", exp.EQ(this=call("SIZE", made), expression=number(0)), exp.Null(), made.copy())


def _text_of(node: exp.GroupConcat, where: exp.Expr | None = None) -> exp.Expr:
    """`string_agg(distinct x, … order by x)`, of a sorted set: Spark's own, with an order, ends in an error of its optimizer
    beside another `distinct`."""
    order: Any = node.this
    (value,) = order.this.expressions
    if [(one.this, bool(one.args.get("desc"))) for one in order.expressions] != [(value, False)]:
        raise NotImplementedError("string_agg(distinct x order by y)")
    made: exp.Expr = call("COLLECT_SET", value)
    made = exp.Filter(this=made, expression=exp.Where(this=where.copy())) if where else made
    is_empty = exp.EQ(this=call("SIZE", made), expression=number(0))
    return call("IF", is_empty, exp.Null(), call("ARRAY_JOIN", call("ARRAY_SORT", made.copy()), node.args["separator"]))


def _written_out(window: exp.Window) -> exp.Expr:
    """`over (w rows …)` with what the window `w` is: Spark takes a named window as it is or not at all."""
    named = next(one for one in window.parent_select.args["windows"] if one.name == window.alias)  # type: ignore[union-attr]
    own = {name: one.copy() for name in ("partition_by", "order") if isinstance(one := named.args.get(name), exp.Expr)}
    parts = [one.copy() for one in named.args.get("partition_by") or []]
    return exp.Window(this=window.this, spec=window.args["spec"], over="OVER", **{**own, "partition_by": parts})


def _months(on: exp.Expr) -> exp.Expr:
    """The number of a date's month, counted on through the years."""
    return exp.Add(this=exp.Mul(this=call("YEAR", on), expression=number(12)), expression=call("MONTH", on.copy()))


def _whole_units(at: exp.Expr, seconds: int) -> exp.Expr:
    """Which hour, minute or second of all time an instant is in."""
    since = call("UNIX_SECONDS", exp.cast(at, "timestamptz"))
    return call("FLOOR", exp.Div(this=since, expression=number(seconds), typed=True))


def _difference(node: exp.DateDiff) -> exp.Expr:
    """`date_diff` counts the boundaries between two times in DuckDB, whole units in Spark."""
    unit = node.args["unit"].name.lower() if node.args.get("unit") else "day"
    end, start = node.this, node.expression

    def between(counted: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
        return exp.Paren(this=exp.Sub(this=exp.Paren(this=counted(end.copy())), expression=exp.Paren(this=counted(start.copy()))))

    match unit:
        case "day":
            return call("DATEDIFF", exp.cast(end, "date"), exp.cast(start, "date"))
        case "month":
            return between(_months)
        case "year":
            return between(lambda on: call("YEAR", on))
        case "hour" | "minute" | "second":
            seconds = {"hour": 3600, "minute": 60, "second": 1}[unit]
            return between(lambda at: _whole_units(at, seconds))
        case _:
            raise NotImplementedError(f"date_diff('{unit}', …)")


def _is_day(value: exp.Expr | None) -> bool:
    """Whether an expression is a date: by its type, or by the project's names for one (`_on`)."""
    match value:
        case exp.Cast():
            return bool(value.to.this == exp.DType.DATE)
        case exp.Column():
            return value.name.endswith(("_on", "_date"))
        case exp.Add() | exp.Sub():
            return _is_day(value.this) and not _is_day(value.expression)
    return isinstance(value, OF_ONE_TYPE) and _is_day(value.this)


def _is_local(value: exp.Expr) -> bool:
    """Whether an expression is a time without a zone: a cast to one, and what is added to it."""
    match value:
        case exp.Cast():
            return bool(value.to.this == exp.DType.TIMESTAMPNTZ)
        case exp.Add() | exp.Sub() | exp.Paren():
            return _is_local(value.this)
    return False


def _at_zone(time: exp.Expr, zone: exp.Expr) -> exp.Expr:
    """An instant as a zone's local time, or a zone's local time as an instant."""
    if _is_local(time):
        return call("TO_UTC_TIMESTAMP", exp.cast(time, "timestamptz"), zone)
    return exp.cast(call("FROM_UTC_TIMESTAMP", time, zone), "timestamp", dialect="duckdb")


def _is_whole(value: exp.Expr) -> bool:
    """Whether an expression is known to be a whole number, or a truth: a cast to one rounds in DuckDB, and cuts off in Spark."""
    match value:
        case exp.Paren() | exp.Window() | exp.Filter() | exp.Neg():
            return _is_whole(value.this)
        case exp.Literal():
            return bool(value.is_int)
        case exp.Cast():
            return value.to.this in WHOLE or value.to.this == exp.DType.BOOLEAN
        case exp.Column():
            return value.name.startswith(("n_", "is_", "has_")) or value.name.endswith("_key")
        case exp.Anonymous():
            return value.name.upper() in {"DATEDIFF", "CONV", "SIZE", "WEEKDAY", "YEAR", "MONTH"}
        case exp.Add() | exp.Sub() | exp.Mul():
            return _is_whole(value.this) and _is_whole(value.expression)
        case exp.Coalesce():
            return all(_is_whole(one) for one in (value.this, *value.expressions))
    return isinstance(value, (exp.Predicate, exp.Connector, exp.Not, exp.Boolean, exp.Null, *COUNTS))


def _series(node: exp.GenerateSeries) -> exp.Expr:
    """A series upwards, which is empty where it would go down: Spark's goes down then."""
    start, end, step = node.args.get("start") or number(0), node.args["end"], node.args.get("step")
    series = call("SEQUENCE", start, end, *([step] if step is not None else []))
    made = call("IF", exp.LTE(this=start.copy(), expression=end.copy()), series, exp.Array(expressions=[]))
    if not node.args.get("is_end_exclusive"):
        return made
    return call("FILTER", made, lambda_of(exp.LT(this=exp.column("one"), expression=end.copy()), "one"))


def _element(node: exp.Bracket) -> exp.Expr:
    """An element of a list, null where there is none; a field of a struct."""
    (index,) = node.expressions
    if isinstance(index, exp.Slice):
        raise NotImplementedError("list[a:b]")
    if index.is_string:
        return exp.Dot(this=node.this, expression=exp.to_identifier(index.name))
    if index.is_int or isinstance(index, exp.Neg):
        place = int(index.sql()) + 1  # sqlglot counts from 0
        return call("TRY_ELEMENT_AT", node.this, number(place) if place > 0 else exp.Neg(this=number(-place)))
    return call("TRY_ELEMENT_AT", node.this, index)


def _weekday(day: exp.Expr) -> exp.Expr:
    """Monday 1 to Sunday 7."""
    return exp.Paren(this=exp.Add(this=call("WEEKDAY", day), expression=number(1)))


def _replaced(node: exp.RegexpReplace) -> exp.Expr:
    """Without `g` DuckDB replaces the first match; Spark replaces all, which is the same where a pattern is tied to an end."""
    modifiers, pattern = node.args.get("modifiers"), node.expression
    is_tied = pattern.is_string and (pattern.name.startswith("^") or pattern.name.endswith("$"))
    if not is_tied and (not modifiers or "g" not in modifiers.name):
        raise NotImplementedError("regexp_replace of the first match")
    replacement = node.args["replacement"]
    if replacement.is_string:
        replacement = exp.Literal.string(replacement.name.replace("\\", "$"))
    return call("REGEXP_REPLACE", node.this, pattern, replacement)


def _as_double(value: exp.Expr) -> exp.Expr:
    if isinstance(value, exp.Cast) and value.to.this == exp.DType.DOUBLE:
        return value
    return exp.cast(value, "double")


def _function(node: exp.Anonymous) -> exp.Expr:
    name, given = node.name.upper(), node.expressions
    if name.removeprefix("TO_") in UNITS:
        return call("MAKE_INTERVAL", *[number(0)] * UNITS.index(name.removeprefix("TO_")), given[0])
    if name in RENAMED:
        return call(RENAMED[name], *given)
    match name:
        case "TIMEZONE":
            return _at_zone(given[1], given[0])
        case "LIST_SUM":
            total = exp.Add(this=exp.column("total"), expression=exp.column("one"))
            return call("AGGREGATE", given[0], exp.cast(number(0), "double"), lambda_of(total, "total", "one"))
        case "LIST_SLICE":
            length = exp.Add(this=exp.Sub(this=given[2], expression=given[1].copy()), expression=number(1))
            return call("SLICE", given[0], given[1], length)
        case "PRINTF" if given[0].name == "%.1f":
            return call("ONE_DECIMAL", *(_as_double(one) for one in given[1:]))
        case "PRINTF":
            raise NotImplementedError("printf with other than %.1f")
        case "URL_DECODE":  # Spark's fails at a % that begins no byte, and reads + as a blank
            whole = call("REGEXP_REPLACE", given[0], exp.Literal.string("%(?![0-9A-Fa-f]{2})"), exp.Literal.string("%25"))
            return call("URL_DECODE", call("REPLACE", whole, exp.Literal.string("+"), exp.Literal.string("%2B")))
        case "RSTRIP":
            return exp.Trim(this=given[0], expression=given[1], position="TRAILING")
    return node


def meant(node: exp.Expr) -> exp.Expr:
    """An expression that means in Spark what this one means in DuckDB."""
    match node:
        case exp.Filter(this=exp.ArrayAgg()):
            return _list_of(node.this, node.expression.this)
        case exp.Filter(this=exp.GroupConcat(this=exp.Order(this=exp.Distinct()))):
            return _text_of(node.this, node.expression.this)
        case exp.ArrayAgg() | exp.ArgMax() | exp.ArgMin() | exp.GroupConcat() if isinstance(
            node.parent, (exp.Filter, exp.Window)
        ):
            return node
        case exp.GroupConcat(this=exp.Order(this=exp.Distinct())):
            return _text_of(node)
        case exp.Window() if node.args.get("spec") and node.alias:
            return _written_out(node)
        case exp.Max() | exp.Min() if isinstance(node.this, exp.Struct):
            fields = node.this.expressions
            row = exp.Tuple(expressions=[one.expression if isinstance(one, exp.PropertyEQ) else one for one in fields])
            return call("MAX_BY" if isinstance(node, exp.Max) else "MIN_BY", node.this, _order_key(row))
        case exp.Window(this=exp.Count(this=exp.Distinct(expressions=[counted]))):
            over = node.copy()
            over.set("this", call("COLLECT_SET", counted.copy()))
            return call("SIZE", over)
        case exp.Window(this=exp.ArrayAgg()):
            return _list_of(node.this, over=node)
        case exp.Window(this=exp.ArgMax() | exp.ArgMin() | exp.Filter(this=exp.ArrayAgg() | exp.ArgMax() | exp.ArgMin())):
            raise NotImplementedError("a pick, or a filtered list, over a window")
        case exp.ArrayAgg():
            return _list_of(node)
        case exp.Filter(this=exp.ArgMax() | exp.ArgMin()):
            return _picked(node.this, node.expression.this)
        case exp.ArgMax() | exp.ArgMin():
            return _picked(node)
        case exp.DateDiff():
            return _difference(node)
        case exp.Sub() if _is_day(node.this) and _is_day(node.expression):
            return call("DATEDIFF", node.this, node.expression)
        case exp.GenerateSeries():
            return _series(node)
        case exp.Bracket():
            return _element(node)
        case exp.AtTimeZone():
            return _at_zone(node.this, node.args["zone"])
        case exp.Extract() if node.name.lower() == "isodow":
            return _weekday(node.expression)
        case exp.DayOfWeekIso():
            return _weekday(node.this)
        case exp.Mode() if isinstance(node.this, exp.Order):
            return exp.WithinGroup(this=call("MODE"), expression=exp.Order(expressions=node.this.expressions))
        case exp.RegexpReplace():
            return _replaced(node)
        case exp.Avg() if not isinstance(node.this, exp.Distinct):
            return exp.Avg(this=_as_double(node.this))
        case exp.Div() if not node.args.get("typed"):
            return exp.Div(this=_as_double(node.this), expression=node.expression, typed=True)
        case exp.ArrayOverlaps():
            return call("COALESCE", call("ARRAYS_OVERLAP", node.this, node.expression), exp.false())
        case exp.JarowinklerSimilarity():
            raise NotImplementedError("jaro_winkler_similarity outside the macro best_name_similarity")
        case exp.Cast(this=exp.DPipe(this=exp.Literal(this="0x"), expression=digits)):
            return exp.cast(call("CONV", digits, number(16), number(10)), "bigint")
        case exp.Cast() if type(node) is exp.Cast and node.to.this in WHOLE and not _is_whole(node.this):
            is_double = exp.EQ(this=call("TYPEOF", node.this.copy()), expression=exp.Literal.string("double"))
            rounded = call("IF", is_double, call("BROUND", node.this.copy()), call("ROUND", node.this))
            return exp.Cast(this=rounded, to=node.to)
        case exp.Format() if node.this.name == "{:,}":
            return call("FORMAT_NUMBER", *node.expressions, number(0))
        case exp.Format():
            raise NotImplementedError("format with other than {:,}")
        case exp.Try(this=exp.Anonymous(this="URL_DECODE")):  # Spark's puts U+FFFD for bytes that are no UTF-8
            is_broken = call("CONTAINS", node.this.copy(), exp.Literal.string("\ufffd"))
            return call("IF", is_broken, exp.null(), node.this)
        case exp.Try():
            raise NotImplementedError("try around other than url_decode")
        case exp.ToDays():
            return _function(call("TO_DAYS", node.this))
        case exp.Anonymous():
            return _function(node)
        case exp.DataType() if node.this == exp.DType.INT128:
            return exp.DataType.build("decimal(38, 0)")
    return node
