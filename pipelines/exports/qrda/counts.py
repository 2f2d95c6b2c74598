"""What an entity reports of a measure: each population's count, by stratum and by sex, race, ethnicity and payer."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from pipelines.errors import UsageError
from pipelines.exports.qrda.entities import Entity
from pipelines.exports.qrda.identifiers import MEASURE, STRATUM, Identifiers
from pipelines.sql.literals import literal

SUPPLEMENTAL = ("sex", "race", "ethnicity", "payer_class")
COUNTED = {
    "IPOP": "n_initial_population",
    "DENOM": "n_denominator",
    "DENEX": "n_denominator_exclusion",
    "DENEXCEP": "n_denominator_exception",
    "NUMER": "n_numerator",
}


@dataclass
class Population:
    """A population of a group: its count, that of each stratum (`strata`: id, name, count), and by supplemental data."""

    code: str
    id: str
    n: int = 0
    strata: list[tuple[str, str, int]] = field(default_factory=list)
    by: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in SUPPLEMENTAL})


@dataclass
class MeasureCounts:
    """A measure with the populations of each of its groups."""

    measure_code: str
    title: str
    id: str
    groups: list[list[Population]]


def rows_of(connection: duckdb.DuckDBPyConnection, measures: Sequence[str], year: int) -> list[dict[str, Any]]:
    """The counts by measure, group, stratum, primary provider and supplemental data, of the patients in an initial population."""
    sums = ", ".join(f"cast(sum(results.{column}) as bigint) as {code}" for code, column in COUNTED.items())
    return (
        connection.execute(
            f"""
            select
                results.measure_code, measures.title, measures.has_exclusions, measures.has_exceptions, results.group_id,
                results.stratum, results.stratum_name, patients.primary_provider_key as provider_key,
                coalesce(patients.sex, 'unknown') as sex, coalesce(patients.race, 'unknown') as race,
                coalesce(patients.ethnicity, 'unknown') as ethnicity, patients.payer_class, {sums}
            from marts.fct_measure_results as results
            inner join marts.dim_measures as measures using (measure_code)
            inner join marts.dim_patients as patients using (patient_key)
            where results.is_initial_population and results.period_type = 'year' and year(results.period_start_on) = {year:d}
                and results.measure_code in ({", ".join(map(literal, measures))})
            group by all
            order by all
            """
        )
        .pl()
        .to_dicts()
    )


def counts_of(rows: Iterable[dict[str, Any]], entity: Entity, ids: Identifiers) -> list[MeasureCounts]:
    """The measures of an entity that has somebody in their initial population.

    Patients belong to their primary provider. Raises `UsageError` for an id that is missing.
    """
    measures: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for row in rows:
        if entity.provider_key in (None, row["provider_key"]):
            measures.setdefault(row["measure_code"], {}).setdefault(row["group_id"], []).append(row)
    return [
        MeasureCounts(
            code,
            next(iter(groups.values()))[0]["title"],
            _id(ids, code, "", MEASURE),
            [_populations(group, of_group, code, ids) for group, of_group in sorted(groups.items())],
        )
        for code, groups in measures.items()
    ]


def _populations(group: str, rows: list[dict[str, Any]], measure: str, ids: Identifiers) -> list[Population]:
    has = {"DENEX": rows[0]["has_exclusions"], "DENEXCEP": rows[0]["has_exceptions"]}
    populations = [Population(code, _id(ids, measure, group, code)) for code in COUNTED if has.get(code, True)]
    strata = sorted({(row["stratum"], row["stratum_name"]) for row in rows if row["stratum"] is not None})
    for one in populations:
        one.n = sum(row[one.code] for row in rows)
        for row in rows:
            for name in SUPPLEMENTAL:
                one.by[name][row[name]] += row[one.code]
        for stratum, words in strata:
            n = sum(row[one.code] for row in rows if row["stratum"] == stratum)
            one.strata.append((_id(ids, measure, group, STRATUM, str(stratum)), words, n))
    return populations


def _id(ids: Identifiers, measure: str, group: str, population: str, stratum: str = "") -> str:
    try:
        return ids[measure, group, population, stratum]
    except KeyError:
        where = ", ".join(filter(None, [measure, group, population, stratum and f"stratum {stratum}"]))
        raise UsageError(
            f"{where}: has no id. Add it to the file of identifiers, or leave the measure out (--measure)."
        ) from None
