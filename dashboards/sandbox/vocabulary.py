"""Finds tables and columns by the words that people use, which are not always those of the tables."""

import re
from collections.abc import Sequence
from difflib import get_close_matches

import polars as pl

DESCRIBED = """
    select table_name, null as column_name, description from catalog.tables
    union all
    select
        table_name, column_name,
        description || case when allowed_values <> '' then ' One of ' || allowed_values || '.' else '' end as description
    from catalog.columns
"""
"""The catalogue that is searched: every table, then every column."""

MEANT = {
    "booking": ("appointment",),
    "call": ("touch", "contact"),
    "clinic": ("location", "site"),
    "co-pay": ("patient_payment", "patient paid"),
    "collection": ("payment", "collect"),
    "copay": ("patient_payment", "patient paid"),
    "copayment": ("patient_payment", "patient paid"),
    "cost": ("cost", "spend"),
    "denial": ("denied", "denial"),
    "doctor": ("provider", "clinician"),
    "insurance": ("payer", "coverage"),
    "insurer": ("payer",),
    "message": ("touch",),
    "receivable": ("receivable", "balance"),
    "a/r": ("receivable", "balance"),
    "ar": ("receivable",),
    "refund": ("reversal",),
    "revenue": ("payment", "revenue"),
    "satisfaction": ("survey",),
    "screening": ("screening", "measure", "care_gap"),
    "site": ("location", "site"),
    "text": ("touch",),
    "vaccination": ("immunisation", "immunization", "measure"),
    "visit": ("encounter", "visit"),
    "write-off": ("written_off", "write_off"),
}
"""A word in the singular → what is looked for in its place."""


def looked_for(words: str) -> list[tuple[str, ...]]:
    """What is to be found for each of some words: `denials in A/R` → denied or denial, and receivable or balance."""
    found = []
    for word in re.split(r"[\s,;]+", words.lower()):
        word = word.strip(".?!:\"'()")
        one = word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word
        if one not in ("", "in", "of", "by", "the", "and", "a"):
            found.append(MEANT.get(one, (one.replace("-", "_"),)))
    return found


def matching(catalogue: pl.DataFrame, words: str) -> pl.DataFrame:
    """The rows of `catalogue` (`table_name`, `column_name`, `description`) that have every word in name or description: first
    tables with it in their name, then columns with it in theirs, then descriptions, last the other columns of such a table."""
    table, column, said = (_spaced(catalogue[name]) for name in ("table_name", "column_name", "description"))
    is_table = catalogue["column_name"].is_null()
    keep, rank = pl.repeat(True, len(catalogue), eager=True), pl.repeat(0, len(catalogue), eager=True)
    for options in looked_for(words):
        one_of = "|".join(re.escape(re.sub("[_-]", " ", option)) for option in options)
        in_table, in_column, in_words = (text.str.contains(one_of) for text in (table, column, said))
        keep &= in_table | in_column | in_words
        rank += pl.select(
            pl.when(in_table & is_table).then(3).when(in_column).then(2).when(in_words).then(1).otherwise(0)
        ).to_series()
    return (
        catalogue.with_columns(rank=rank)
        .filter(keep)
        .sort(pl.col("rank"), pl.col("column_name").is_null(), descending=[True, True], maintain_order=True)
        .drop("rank")
    )


def _spaced(names: pl.Series) -> pl.Series:
    return names.fill_null("").str.to_lowercase().str.replace_all("[_-]", " ")


def meant_columns(catalogue: pl.DataFrame, name: str, tables: Sequence[str]) -> list[str]:
    """Up to three columns of `tables` that may be meant by a name that is none of theirs: by the words in the columns' names,
    then by spelling, then by what is said of them.

    `payer` → payer_class, payer_id, payer_name; `claim_satus` → claim_status; `no_show` → final_status, which may be `no_show`.
    """
    columns = catalogue.filter(pl.col("table_name").is_in(list(tables)) & pl.col("column_name").is_not_null())
    columns = columns.unique("column_name", keep="first", maintain_order=True).with_columns(table_name=pl.lit(""))
    words = name.replace("_", " ")
    if not words.strip():
        return []
    of_names = matching(columns.with_columns(description=pl.lit("")), words)["column_name"].to_list()
    near = of_names or get_close_matches(name.lower(), columns["column_name"].to_list(), 3, 0.7)
    return (near or matching(columns, words)["column_name"].to_list())[:3]


def meant(catalogue: pl.DataFrame, name: str) -> list[str]:
    """Up to two tables that may be meant by a name, with or without a schema, that no table has: by the words in it, then by its
    spelling.

    `fct_denials` → marts.fct_claim_answers, marts.fct_claims, which speak of what was denied.
    """
    name = name.rpartition(".")[2]
    words = re.sub(r"^(fct|dim|out)_", "", name).replace("_", " ")
    tables = matching(catalogue, words)["table_name"].unique(maintain_order=True).to_list() if words.strip() else []
    if not tables:
        bare = {table.partition(".")[2]: table for table in catalogue["table_name"]}
        tables = [bare[near] for near in get_close_matches(name, bare, 1, 0.5)]
    return tables[:2]
