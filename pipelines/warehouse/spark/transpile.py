"""DuckDB's SQL as Spark's: what sqlglot writes, with DuckDB's meaning where the two differ."""

from collections.abc import Callable, Sequence

import sqlglot
from sqlglot import exp

from pipelines.warehouse.spark.expressions import call, lambda_of, meant, number

Columns = Callable[[str], Sequence[str]]
"""The names of the columns of a query in Spark's dialect."""
Keep = Callable[[str], str]
"""Makes a table of a query in Spark's dialect. Returns its name."""


def read(sql: str) -> exp.Expr:
    """One statement of DuckDB's dialect. Raises sqlglot's `ParseError` where it cannot be read."""
    return sqlglot.parse_one(sql, read="duckdb")


def to_spark(tree: exp.Expr, columns: Columns, keep: Keep | None = None) -> str:
    """A statement of DuckDB's dialect as Spark's; the tree is used up.

    `columns` answers what a query's columns are, for `union by name` and `* replace`, which Spark lacks. `keep` makes a table of
    a CTE `as materialized`, which Spark lacks too; without it, the CTE is one as any other. Raises `NotImplementedError` where
    Spark cannot say it.
    """
    for place, select in enumerate(list(tree.find_all(exp.Select))):
        _unnest_beside(select, f"rows_{place}")
    for node in list(tree.walk())[::-1]:  # what is inside before what is around it
        written = meant(node)
        if written is not node:
            node.replace(written)
    for node in [one for one in tree.find_all(exp.Union, exp.Select)][::-1]:
        if isinstance(node, exp.Union) and node.args.get("by_name"):
            _by_position(node, columns)
        elif isinstance(node, exp.Select) and any((star := _star(one)) and star.args.get("replace") for one in node.expressions):
            _replaced_columns(node, columns)
    for cte in [one for one in tree.find_all(exp.CTE) if one.args.get("materialized")]:
        cte.set("materialized", None)
        if keep:
            kept = keep(_with_ctes(cte.this, cte.this.sql(dialect="spark")))
            cte.set("this", exp.select("*").from_(exp.to_table(kept)))
    return tree.sql(dialect="spark")


def tables_of(tree: exp.Expr) -> set[tuple[str, str]]:
    """The tables that a statement reads, as schema and name."""
    made = tree.this if isinstance(tree, exp.Create) else None
    return {(table.db, table.name) for table in tree.find_all(exp.Table) if table.db and table is not made}


def made_by(tree: exp.Expr) -> tuple[str, str] | None:
    """The table or view that a statement makes, as schema and name; None: it makes none."""
    return (tree.this.db, tree.this.name) if isinstance(tree, exp.Create) else None


# Columns that only the catalog knows


def _with_ctes(node: exp.Expr, query: str) -> str:
    """A query as it reads where the node stands: after the CTEs before it."""
    ctes: list[exp.Expr] = []
    inside: exp.Expr = node
    while inside.parent is not None:
        parent = inside.parent
        if isinstance(parent, exp.With):
            ctes = parent.expressions[: parent.expressions.index(inside)] + ctes
        elif (found := parent.args.get("with_")) and inside is not found:
            ctes = found.expressions + ctes
        inside = parent
    own = node.args.get("with_")
    ctes += own.expressions if own else []
    if not ctes:
        return query
    named = {cte.alias: cte for cte in ctes}
    return "WITH " + ", ".join(cte.sql(dialect="spark") for cte in named.values()) + " " + query


def _by_position(node: exp.Union, columns: Columns) -> None:
    """`union by name` as one by position; a column that one side lacks is null there."""
    sides = [node.this, node.expression]
    names = [_stated(side) or list(columns(_with_ctes(node, side.sql(dialect="spark")))) for side in sides]
    every = list(dict.fromkeys(name for side in names for name in side))
    for arg, side, there in zip(("this", "expression"), sides, names, strict=True):
        chosen = [exp.column(name, quoted=True) if name in there else exp.alias_(exp.Null(), name, quoted=True) for name in every]
        node.set(arg, exp.select(*chosen).from_(side.subquery("side")))
    node.set("by_name", False)


def _stated(side: exp.Expr) -> list[str]:
    """The names of a query's columns where the query says them itself; empty where it does not. Each question to the catalogue
    analyses the query anew: 37 measures that are one union took 19 s of them."""
    names = list(side.named_selects) if isinstance(side, exp.Query) and not side.is_star else []
    return names if all(names) else []


def _star(node: exp.Expr) -> exp.Star | None:
    if isinstance(node, exp.Star):
        return node
    return node.this if isinstance(node, exp.Column) and isinstance(node.this, exp.Star) else None


def _replaced_columns(node: exp.Select, columns: Columns) -> None:
    """`* replace (x as a)` as the columns by name, each in its place."""
    written = []
    for one in node.expressions:
        star = _star(one)
        if star is None or not star.args.get("replace"):
            written.append(one)
            continue
        replaced = {alias.alias: alias for alias in star.args["replace"]}
        table = one.table if isinstance(one, exp.Column) else ""
        plain = node.copy()
        bare = one.copy()
        _star(bare).set("replace", None)  # type: ignore[union-attr]
        plain.set("expressions", [bare])
        plain.set("with_", None)
        plain.set("distinct", None)
        plain.set("order", None)
        for name in columns(_with_ctes(node, plain.sql(dialect="spark"))):
            written.append(replaced.get(name) or exp.column(name, table=table or None, quoted=True))
    node.set("expressions", written)


# Lists as rows


def _unnest_beside(select: exp.Select, name: str) -> None:
    """`select unnest(list)` as a lateral view: Spark's `explode` stands alone. Lists of one select go side by side."""
    of_rows = (node for one in select.expressions for node in one.find_all(exp.Explode, exp.Anonymous) if _is_rows(node))
    found = [node for node in of_rows if node.parent_select is select]
    if not found:
        return
    lists = [_list_behind(node) for node in found]
    if not select.args.get("from_"):
        select.set("from_", exp.From(this=exp.select(exp.alias_(number(0), "nothing")).subquery("nothing")))
    values: list[exp.Expr]
    if len(lists) == 1:
        view, values = lists[0], [exp.column("one", table=name)]
    else:
        # A function's result has no name, so that its field is called by its place
        view = call("ARRAYS_ZIP", *(call("TRANSFORM", one, lambda_of(exp.column("x"), "x")) for one in lists))
        fields = (exp.to_identifier(str(n), quoted=True) for n in range(len(lists)))
        values = [exp.Dot(this=exp.column("one", table=name), expression=field) for field in fields]
    for node, value in zip(found, values, strict=True):
        if node in select.expressions:
            value = exp.alias_(value, "unnest")
        node.replace(value)
    alias = exp.TableAlias(this=exp.to_identifier(name), columns=[exp.to_identifier("one")])
    select.append("laterals", exp.Lateral(this=exp.Explode(this=view), view=True, alias=alias))


def _is_rows(node: exp.Expr) -> bool:
    return isinstance(node, exp.Explode) or node.name.lower() == "generate_subscripts"


def _list_behind(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Explode):
        return node.this.copy()
    size = exp.ArraySize(this=node.expressions[0].copy())
    return exp.GenerateSeries(start=number(1), end=size)
