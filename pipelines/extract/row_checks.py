"""Checks typed rows against their contract with Pandera, and describes errors in words."""

import pandera.errors
import pandera.polars as pa
import polars as pl

from models.contract import Contract

_FAILURES = pl.Schema({"row_number": pl.Int64, "field": pl.String, "reason": pl.String})


def broken(rows: pl.DataFrame, contract: Contract, unread: pl.DataFrame) -> pl.DataFrame:
    """The fields that break the contract or one of its rules: a frame `row_number`, `field`, `reason`.

    `rows` has the contract's columns and `_row_number`; `unread` (`row_number`, `field`) names cells that could not be parsed and
    are therefore empty. Raises `TypeError` if the columns are not the contract's, because Pandera's own error would print values.
    """
    try:
        contract.schema.validate(rows.select(*contract.fields), lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        if cases["index"].null_count():
            raise TypeError(f"the columns of {contract.name} are not those of its contract") from None
        reasons = {
            (name, str(check)): reason for name, column in contract.fields.items() for check, reason in _reasons(column).items()
        }
        known = pl.DataFrame(
            [(*key, reason) for key, reason in reasons.items()], schema=["column", "check", "reason"], orient="row"
        )
        failures = cases.join(known, on=["column", "check"], how="left").select(
            rows["_row_number"].gather(cases["index"]).alias("row_number"),
            pl.col("column").alias("field"),
            pl.col("reason").fill_null("breaks its contract"),
        )
        return pl.concat(
            [failures.join(unread, on=["row_number", "field"], how="anti").cast(_FAILURES), _against_rules(rows, contract)]
        )
    return _against_rules(rows, contract)


def _against_rules(rows: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    wrong = [
        rows.filter(~rule.holds).select(
            pl.col("_row_number").alias("row_number"), pl.lit(rule.field).alias("field"), pl.lit(rule.reason).alias("reason")
        )
        for rule in contract.rules
    ]
    return pl.concat([pl.DataFrame(schema=_FAILURES), *(one.cast(_FAILURES) for one in wrong)])


def _reasons(column: pa.Column) -> dict[str, str]:
    """The meaning of each Pandera check, in words for practice staff."""
    found = {"not_nullable": "is empty, but must have a value"}
    for check in column.checks:
        limit = next(iter(check.statistics.values()), None)
        found[str(check.error)] = {
            "isin": f"is not one of: {', '.join(column.metadata['values'])}",
            "greater_than_or_equal_to": f"is less than {limit}",
            "less_than_or_equal_to": f"is more than {limit}",
        }[check.name]
    return found
