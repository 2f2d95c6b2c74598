"""Variants of a person's data as entered by another clerk: misspelt, shortened, incomplete, out of date."""

import numpy as np
import polars as pl

from data_samples.simulator.names import NICKNAMES, STREET_ABBREVIATIONS


def some(values: pl.Series | np.ndarray, is_kept: np.ndarray) -> pl.Series:
    """The values where the mask holds, null elsewhere."""
    return pl.select(pl.when(pl.Series(is_kept)).then(pl.Series(values))).to_series()


def either(is_first: np.ndarray | pl.Series, first: pl.Series, second: pl.Series) -> pl.Series:
    """The first values where the mask holds, the second elsewhere."""
    return pl.select(pl.when(pl.Series(is_first)).then(first).otherwise(second)).to_series()


def misspell(names: pl.Series, random: np.random.Generator, share: float) -> pl.Series:
    """Names with a typing error in a share of them: two letters swapped, one left out, one doubled."""
    n = len(names)
    length = names.str.len_chars().to_numpy().astype(np.int64)
    position = 1 + (random.random(n) * np.maximum(length - 2, 0)).astype(np.int64)
    kind = np.where((random.random(n) < share) & (length > 3), random.integers(1, 4, n), 0)
    frame = pl.DataFrame({"name": names, "at": position, "kind": kind})
    head, letter = pl.col("name").str.slice(0, "at"), pl.col("name").str.slice("at", 1)
    after = pl.col("name").str.slice(pl.col("at") + 1, 1)
    rest_1, rest_2 = pl.col("name").str.slice(pl.col("at") + 1), pl.col("name").str.slice(pl.col("at") + 2)
    spelt = (
        pl.when(pl.col("kind") == 1)
        .then(pl.concat_str(head, after, letter, rest_2))
        .when(pl.col("kind") == 2)
        .then(pl.concat_str(head, rest_1))
        .when(pl.col("kind") == 3)
        .then(pl.concat_str(head, letter, letter, rest_1))
        .otherwise("name")
    )
    return frame.select(spelt).to_series()


def respelt(people: pl.DataFrame, random: np.random.Generator) -> dict[str, pl.Series]:
    """first_name, last_name, address_line and birth_date of `people` as another clerk wrote them."""
    n = people.height
    given = either(random.random(n) < 0.14, people["given"].replace(NICKNAMES), people["given"])
    is_maiden = people["has_married"].to_numpy() & (random.random(n) < 0.6)
    family = either(is_maiden, people["maiden_name"], people["family"])
    given, family = misspell(given, random, 0.025), misspell(family, random, 0.03)
    family = either(random.random(n) < 0.04, family.str.to_uppercase(), family)
    line = short = people["address_line"]
    for long, abbreviation in STREET_ABBREVIATIONS.items():
        short = short.str.replace(f" {long}$", f" {abbreviation}")
    line = either(random.random(n) < 0.35, short, line)
    has_moved = people["old_address_line"].is_not_null().to_numpy()
    line = either((random.random(n) < 0.5) & has_moved, people["old_address_line"], line)
    birth = people["birth_on"].to_numpy().astype("datetime64[D]")
    slips = random.random(n) < 0.008
    birth = np.where(slips, birth + random.choice((1, -1, 9, 31), n).astype("timedelta64[D]"), birth)
    return {"first_name": given, "last_name": family, "address_line": line, "birth_date": pl.Series(birth)}


def typed(phone: pl.Series, random: np.random.Generator) -> pl.Series:
    """Ten digits as people type them."""
    area, middle, end = phone.str.slice(0, 3), phone.str.slice(3, 3), phone.str.slice(6, 4)
    forms = [
        phone,
        "(" + area + ") " + middle + "-" + end,
        area + "-" + middle + "-" + end,
        "+1 " + area + " " + middle + " " + end,
    ]
    kind = pl.Series(random.integers(0, 4, len(phone)))
    return pl.select(pl.coalesce(*[pl.when(kind == number).then(form) for number, form in enumerate(forms)])).to_series()
