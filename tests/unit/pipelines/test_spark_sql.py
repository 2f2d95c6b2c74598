"""DuckDB's SQL as Spark's, where the same words would mean something else. What Spark gives is tried by `make test-spark`."""

import pytest

from pipelines.warehouse.spark.transpile import read, tables_of, to_spark


def in_spark(expression: str) -> str:
    return to_spark(read(f"select {expression} from t"), lambda query: []).removeprefix("SELECT ").removesuffix(" FROM t")


@pytest.mark.parametrize(
    ("duckdb", "spark"),
    [
        # Boundaries between two times, where Spark counts whole units
        ("date_diff('year', a, b)", "((YEAR(b)) - (YEAR(a)))"),
        # Days, where Spark makes an interval
        ("due_on - seen_on", "DATEDIFF(due_on, seen_on)"),
        # Null where a list is shorter, where Spark raises; counted from 1, and from its end
        ("names[1]", "TRY_ELEMENT_AT(names, 1)"),
        ("names[-1]", "TRY_ELEMENT_AT(names, -1)"),
        # 7 / 2 of decimals is a float
        ("a / b", "CAST(a AS DOUBLE) / b"),
        # A row without the value is passed over
        ("max_by(a, b)", "MAX_BY(a, b) FILTER(WHERE NOT (a) IS NULL)"),
        # Within a row a null is above all else
        ("min_by(a, (b, c))", "MIN_BY(a, STRUCT((b) IS NULL, b, (c) IS NULL, c)) FILTER(WHERE NOT (a) IS NULL)"),
        ("max(struct_pack(a, b))", "MAX_BY(STRUCT(a, b), STRUCT((a) IS NULL, a, (b) IS NULL, b))"),
        # Beside a `count(distinct …)`, Spark's own ends in an error of its optimizer
        (
            "string_agg(distinct a, '; ' order by a)",
            "IF(SIZE(COLLECT_SET(a)) = 0, NULL, ARRAY_JOIN(ARRAY_SORT(COLLECT_SET(a)), '; '))",
        ),
        # A truth is a whole number already
        ("cast(coalesce(a = b, false) as integer)", "CAST(COALESCE(a = b, FALSE) AS INT)"),
        # A series that would go down is empty
        ("generate_series(1, n)", "IF(1 <= n, SEQUENCE(1, n), ARRAY())"),
        ("extract(isodow from a)", "(WEEKDAY(a) + 1)"),
        ("isodow(a)", "(WEEKDAY(a) + 1)"),
        ("cast('0x' || a as bigint)", "CAST(CONV(a, 16, 10) AS BIGINT)"),
        # 2.5 becomes 2 as a float, 3 as a decimal; Spark cuts off
        ("cast(a as integer)", "CAST(IF(TYPEOF(a) = 'double', BROUND(a), ROUND(a)) AS INT)"),
        ("cast(n_visits as integer)", "CAST(n_visits AS INT)"),
        ("regexp_replace(a, '(x)', '\\1y', 'g')", "REGEXP_REPLACE(a, '(x)', '$1y')"),
        # 0.25 is 0.2, where Java rounds up
        ("printf('%.1f', a)", "ONE_DECIMAL(CAST(a AS DOUBLE))"),
        # Spark's fails at a lone %, and reads + as a blank
        ("url_decode(a)", "URL_DECODE(REPLACE(REGEXP_REPLACE(a, '%(?![0-9A-Fa-f]{2})', '%25'), '+', '%2B'))"),
        # Null where bytes are no UTF-8
        (
            "try(url_decode(a))",
            "IF(CONTAINS(URL_DECODE(REPLACE(REGEXP_REPLACE(a, '%(?![0-9A-Fa-f]{2})', '%25'), '+', '%2B')), '\ufffd'), NULL, "
            "URL_DECODE(REPLACE(REGEXP_REPLACE(a, '%(?![0-9A-Fa-f]{2})', '%25'), '+', '%2B')))",
        ),
        # A time without a zone becomes an instant, an instant a time without a zone
        ("cast(a as timestamp) at time zone 'UTC'", "TO_UTC_TIMESTAMP(CAST(CAST(a AS TIMESTAMP_NTZ) AS TIMESTAMP), 'UTC')"),
        ("a at time zone 'UTC'", "CAST(FROM_UTC_TIMESTAMP(a, 'UTC') AS TIMESTAMP_NTZ)"),
    ],
)
def test_an_expression_means_the_same(duckdb: str, spark: str) -> None:
    assert in_spark(duckdb) == spark


def test_an_expression_inside_another_is_written_too() -> None:
    assert in_spark("max(a[1] / b)") == "MAX(CAST(TRY_ELEMENT_AT(a, 1) AS DOUBLE) / b)"


@pytest.mark.parametrize(
    "expression",
    [
        "regexp_replace(a, 'x', 'y')",
        "format('{:.2f}', a)",
        "printf('%.2f', a)",
        "a[1:2]",
        "list(a order by b desc)",
        "string_agg(distinct a, ',' order by b)",
        "date_diff('week', a, b)",
        "jaro_winkler_similarity(a, b)",
        "try(a / b)",
    ],
)
def test_what_would_mean_something_else_is_refused(expression: str) -> None:
    with pytest.raises(NotImplementedError):
        in_spark(expression)


def test_lists_of_one_select_become_rows_side_by_side() -> None:
    """`unnest` and its positions go together: three addresses are three rows, not nine."""
    written = to_spark(read("select unnest(a) as x, generate_subscripts(a, 1) as n from t"), lambda query: [])
    assert written.count("EXPLODE(ARRAYS_ZIP(") == 1
    assert written.startswith("SELECT rows_0.one.`0` AS x, rows_0.one.`1` AS n FROM t LATERAL VIEW")


def test_a_union_by_name_is_one_by_position_with_nulls_for_what_a_side_lacks() -> None:
    columns = {"SELECT * FROM s": ["a", "b"], "SELECT * FROM t": ["b", "c"]}
    written = to_spark(read("select * from s union all by name select * from t"), columns.__getitem__)
    assert written == (
        "SELECT `a`, `b`, NULL AS `c` FROM (SELECT * FROM s) AS side UNION ALL "
        "SELECT NULL AS `a`, `b`, `c` FROM (SELECT * FROM t) AS side"
    )


def test_a_union_by_name_whose_sides_say_their_columns_asks_the_catalogue_nothing() -> None:
    """Each question analyses all that comes before: 37 measures in one union took 19 s of them."""

    def asked(query: str) -> list[str]:
        raise AssertionError(query)

    sides = " union all by name ".join(f"select a_{n}, b as c from t" for n in range(37))
    written = to_spark(read(sides), asked)
    assert written.count("UNION ALL") == 36
    assert written.startswith("SELECT `a_0`, `c`, `a_1`, `a_2`")


def test_a_replaced_column_keeps_its_place() -> None:
    written = to_spark(read("with s as (select 1 as a, 2 as b) select * replace (a + b as a) from s"), lambda query: ["a", "b"])
    assert written.endswith("SELECT a + b AS a, `b` FROM s")


def test_a_materialized_cte_is_made_once_with_those_before_it() -> None:
    made = []

    def keep(query: str) -> str:
        made.append(query)
        return f"kept.rows_{len(made)}"

    sql = "with a as (select 1 as x), b as materialized (select * from a), c as materialized (select * from b) select * from c"
    written = to_spark(read(sql), lambda query: [], keep)
    assert made == [
        "WITH a AS (SELECT 1 AS x) SELECT * FROM a",
        "WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM kept.rows_1) SELECT * FROM b",
    ]
    assert written.endswith("b AS (SELECT * FROM kept.rows_1), c AS (SELECT * FROM kept.rows_2) SELECT * FROM c")


def test_the_tables_of_a_statement_are_those_with_a_schema() -> None:
    assert tables_of(read("with s as (select * from marts.dim_patients) select * from s, seeds.kpi_catalog")) == {
        ("marts", "dim_patients"),
        ("seeds", "kpi_catalog"),
    }
