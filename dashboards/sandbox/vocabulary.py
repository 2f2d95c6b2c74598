"""Finds tables and columns by the words that people use, which are not always those of the tables."""

import re
from difflib import get_close_matches

import polars as pl

MEANT = {
    "booking": ("appointment",),
    "call": ("touch", "contact"),
    "clinic": ("location", "site"),
    "collection": ("payment", "collect"),
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
    "screening": ("measure", "care_gap"),
    "site": ("location", "site"),
    "text": ("touch",),
    "vaccination": ("immunisation", "measure"),
    "visit": ("encounter", "visit"),
    "write-off": ("written_off", "write_off"),
}
"""A word in the singular → what is looked for in its place."""


def looked_for(words: str) -> list[tuple[str, ...]]:
    """What is to be found for each of some words: `denials in A/R` → denied or denial, and receivable or balance."""
    found = []
    for word in re.findall(r"[\w/-]+", words.lower()):
        one = word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word
        if one not in ("in", "of", "by", "the", "and", "a"):
            found.append(MEANT.get(one, (one.replace("-", "_"),)))
    return found


def matching(catalogue: pl.DataFrame, words: str) -> pl.DataFrame:
    """The rows of `catalogue` (`table_name`, `column_name`, `description`) that have every word in name or description; those
    whose table has it in its name come first."""
    text = catalogue["table_name"] + " " + catalogue["column_name"].fill_null("") + " " + catalogue["description"].fill_null("")
    text = text.str.to_lowercase()
    text = text + " " + text.str.replace_all("_", " ")
    keep, rank = pl.repeat(True, len(catalogue), eager=True), pl.repeat(0, len(catalogue), eager=True)
    for options in looked_for(words):
        one_of = "|".join(re.escape(option) for option in options)
        keep &= text.str.contains(one_of)
        rank += catalogue["table_name"].str.contains(one_of).cast(pl.Int32)
    return (
        catalogue.with_columns(rank=rank)
        .filter(keep)
        .sort(pl.col("rank"), pl.col("column_name").is_null(), descending=[True, True], maintain_order=True)
        .drop("rank")
    )


def meant(catalogue: pl.DataFrame, name: str) -> list[str]:
    """Up to two tables that may be meant by a name that no table has: by the words in it, then by its spelling.

    `fct_denials` → marts.fct_claim_answers, marts.fct_claims, which speak of what was denied.
    """
    words = re.sub(r"^(fct|dim|out)_", "", name).replace("_", " ")
    tables = matching(catalogue, words)["table_name"].unique(maintain_order=True).to_list() if words.strip() else []
    if not tables:
        bare = {table.partition(".")[2]: table for table in catalogue["table_name"]}
        tables = [bare[near] for near in get_close_matches(name, bare, 1, 0.5)]
    return tables[:2]
