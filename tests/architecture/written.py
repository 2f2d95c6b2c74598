"""What a model's SQL can write into a column of text, whatever the data: each sentence once, with samples for what varies."""

from collections.abc import Iterator, Mapping, Set

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import Scope, build_scope

DAY, NUMBER = "2026-10-03", "7"
_COUNTED = exp.Count | exp.Sum | exp.RowNumber | exp.Round | exp.ArraySize


class Written:
    """The texts of a compiled model's columns.

    A column of another model has the texts with which the query compares it, otherwise those of `samples` by its name; one whose
    name says so has a day. `shown`: of a `case` on these columns only the branch of this value is taken.
    """

    def __init__(self, sql: str, samples: Mapping[str, Set[str]], shown: Mapping[str, str] | None = None) -> None:
        root = build_scope(sqlglot.parse_one(sql, dialect="duckdb"))
        assert root
        self._root, self._samples, self._shown = root, samples, shown or {}

    def texts(self, column: str, cte: str = "") -> set[str]:
        """What `column` of the model, or of this CTE of it, can hold. Raises `LookupError` for what `samples` should have."""
        return self._of(column, self._root.cte_sources.get(cte) if cte else self._root)

    def _of(self, name: str, source: object) -> set[str]:
        return {text for node, scope in _selected(name, source) for text in self._said(node, scope)}

    def _said(self, node: exp.Expression | None, scope: Scope) -> set[str]:
        match node:
            case None | exp.Null():
                return set()
            case exp.Literal():
                return {node.name if node.is_string else NUMBER}
            case exp.Column():
                return self._column(node, scope)
            case exp.DPipe():
                before, after = self._said(node.this, scope), self._said(node.expression, scope)
                return {one + other for one in before for other in after}
            case exp.Coalesce():
                return self._any(scope, node.this, *node.expressions)
            case exp.Case():
                told = (one.args["true"] for one in node.args["ifs"] if self._may_be(node.this, one.this))
                return self._any(scope, *told, node.args.get("default"))
            case exp.Replace():
                old, new = node.expression.name, node.args["replacement"].name
                return {text.replace(old, new) for text in self._said(node.this, scope)}
            case exp.SplitPart():
                part = int(node.args["part_index"].name) - 1
                return {text.split(node.args["delimiter"].name)[part] for text in self._said(node.this, scope)}
            case exp.GroupConcat() | exp.ArrayToString():
                between = node.args.get("separator") or node.expression
                items = self._said(node.this, scope)
                return items | {between.name.join(sorted(items))}
            case exp.Array():
                return self._any(scope, *node.expressions)
            case _ if isinstance(node, _COUNTED):
                return {NUMBER}
            case _:  # a cast, a pick, a day and so many more: as what it is made of
                made_of = [one for one in (node.this, *node.expressions) if isinstance(one, exp.Expression)]
                return self._said(made_of[0], scope) if made_of else {NUMBER}

    def _any(self, scope: Scope, *nodes: exp.Expression | None) -> set[str]:
        return {text for node in nodes for text in self._said(node, scope)}

    def _may_be(self, chosen: exp.Expression | None, when: exp.Expression) -> bool:
        if chosen is None and isinstance(when, exp.EQ):
            chosen, when = when.this, when.expression
        shown = self._shown.get(chosen.name) if isinstance(chosen, exp.Column) else None
        return shown is None or shown == when.name

    def _column(self, column: exp.Column, scope: Scope) -> set[str]:
        if column.name.endswith("_on") or "_on_" in column.name:
            return {DAY}
        read = {name: source for name, (_, source) in scope.selected_sources.items()}
        if column.table and column.table not in read:
            return {text for field, inner in _fields(column, read) for text in self._said(field, inner)}
        sources = [read[column.table]] if column.table else [*read.values()]
        return {text for source in sources for text in self._of(column.name, source)} or self._of_another_model(column, scope)

    def _of_another_model(self, column: exp.Column, scope: Scope) -> set[str]:
        compared = (one for one in scope.find_all(exp.In) if one.this.name == column.name)
        kept = {text.name for one in compared for text in one.expressions if isinstance(text, exp.Literal)}
        if not kept and column.name not in self._samples:
            raise LookupError(f"a sentence has {column.sql()}: say in the samples what it may hold")
        return kept or {*self._samples[column.name]}


def _selected(name: str, source: object) -> Iterator[tuple[exp.Expression, Scope]]:
    """What a query selects as `name`, each expression with the scope in which its own columns are found."""
    if not isinstance(source, Scope):
        return
    query = source.expression
    if source.set_operation_scopes:
        for part in source.set_operation_scopes:
            yield from _selected(name, part)
    elif isinstance(query, exp.Values):
        columns = [one.name for one in query.args["alias"].columns]
        yield from ((row.expressions[columns.index(name)], source) for row in query.expressions if name in columns)
    elif own := [one for one in query.selects if one.alias_or_name == name]:
        yield own[0].unalias(), source
    else:
        for star in (one for one in query.selects if one.is_star):
            for alias, (_, inner) in source.selected_sources.items():
                if not isinstance(star, exp.Column) or star.table == alias:
                    yield from _selected(name, inner)


def _fields(column: exp.Column, read: Mapping[str, object]) -> Iterator[tuple[exp.Expression, Scope]]:
    """The expressions of a field of a struct, which the column names as its table."""
    for source in read.values():
        for made, scope in _selected(column.table, source):
            for struct in made.find_all(exp.Struct):
                yield from ((one.expression, scope) for one in struct.expressions if one.this.name == column.name)
