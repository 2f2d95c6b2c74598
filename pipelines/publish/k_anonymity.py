"""How far the people of a de-identified file can be singled out: k-anonymity (Sweeney 2002, Int. J. Uncertainty 10(5))."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from models.phi import Phi
from models.published import PUBLISHED
from models.published.people import PATIENTS

COUNTED = ("marts.fct_appointments", "marts.fct_encounters")
"""What somebody who knows a person may know besides: how often the person came in the year."""


@dataclass(frozen=True)
class Anonymity:
    """`k`: people in the smallest group that shares all `attributes` (0: no people); `n_alone`: people in groups of one."""

    k: int
    n_people: int
    n_alone: int
    attributes: tuple[str, ...]


def in_words(known: Anonymity, with_counts: Anonymity, year: int, uncovered: Sequence[str] = ()) -> str:
    """One line on what `anonymity` measured in the file of a year, and on the tables without rows since they do not cover it: of
    2025: k = 1; 223 of 347 people are unique (337 with yearly counts)."""
    if not known.n_people:
        return (
            f"empty, since no table of persons covers {year} with the month before and the month after. The first file with rows "
            "is of the calendar year after the one in which the data begin, once it has been over for 180 days"
        )
    alone = f"{known.n_alone:,}" if known.n_alone else "none"
    unique = f"{alone} of {known.n_people:,} people {'are' if known.n_alone > 1 else 'is'} unique"
    without = f". Without rows, since they do not cover {year}: {', '.join(uncovered)}" if uncovered else ""
    return f"of {year}: k = {known.k:,}; {unique} ({with_counts.n_alone:,} with yearly counts){without}"


def anonymity(connection: duckdb.DuckDBPyConnection) -> tuple[Anonymity, Anonymity]:
    """Measure an open de-identified file, over every column of its people that its catalog calls a quasi-identifier; and over
    these with each person's number of rows in `COUNTED`."""
    key = PUBLISHED[PATIENTS].key
    found = connection.execute(
        "select column_name from catalog.columns where table_name = ? and phi = ? order by position", (PATIENTS, Phi.QUASI.value)
    ).fetchall()
    names = tuple(name for (name,) in found if name not in key)
    counts = {f"n_{table.partition('_')[2]}": table for table in COUNTED}
    people = (
        f"select people.*, {', '.join(f'coalesce({name}, 0) as {name}' for name in counts)} from {PATIENTS} as people "
        + " ".join(
            f"left join (select patient_key, count(*) as {name} from {table} group by patient_key) using (patient_key)"
            for name, table in counts.items()
        )
    )
    return _measured(connection, PATIENTS, names), _measured(connection, f"({people})", (*names, *counts))


def _measured(connection: duckdb.DuckDBPyConnection, people: str, attributes: tuple[str, ...]) -> Anonymity:
    (smallest, n_people, alone), *_ = connection.execute(
        "select coalesce(min(n), 0), coalesce(sum(n), 0), coalesce(sum(n) filter (where n = 1), 0) "
        f"from (select count(*) as n from {people} group by {', '.join(attributes)})"
    ).fetchall()
    return Anonymity(int(smallest), int(n_people), int(alone), attributes)
