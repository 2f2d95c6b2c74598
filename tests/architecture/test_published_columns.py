"""A published model ends with the columns of its contract, each cast to its type, and makes no column that the contract lacks.

Read from the SQL as dbt compiles it: `contract_columns()` would drop a column that the contract does not know without a word.
"""

import pytest
import sqlglot

from models.contract import Contract
from models.published import PUBLISHED
from pipelines.sql.types import sql_type

MODELS = [table for table in PUBLISHED if table.startswith(("marts.", "delivery."))]


def _parsed(sql: str) -> sqlglot.exp.Select:
    return sqlglot.parse_one(sql, dialect="duckdb")


def _unknown(sql: str, contract: Contract) -> set[str]:
    """The columns that the last step makes, by name, and that the contract does not have."""
    query = _parsed(sql)
    steps = {step.alias: step.this for step in query.ctes}
    last = steps.get("final", query)
    return set(last.named_selects) - {"*"} - set(contract.fields)


@pytest.mark.parametrize("table", MODELS)
def test_a_published_model_casts_each_column_of_its_contract(table: str, compiled: dict[str, str]):
    casts = {column.alias: column.this for column in _parsed(compiled[table]).expressions}
    types = {
        name: sqlglot.exp.DataType.build(sql_type(field.dtype.type), "duckdb") for name, field in PUBLISHED[table].fields.items()
    }
    assert {name: cast.to for name, cast in casts.items()} == types


@pytest.mark.parametrize("table", MODELS)
def test_a_published_model_makes_no_column_that_its_contract_lacks(table: str, compiled: dict[str, str]):
    assert _unknown(compiled[table], PUBLISHED[table]) == set()


def test_a_column_that_the_contract_lacks_is_noticed():
    sql = "with final as (select *, reason as write_off_reason, 1 as surplus from paid) select payment_key from final"
    assert _unknown(sql, PUBLISHED["marts.fct_payments"]) == {"surplus"}
