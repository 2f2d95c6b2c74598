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
    """The measures of an entity that has somebody in the initial population of one of their groups.

    Patients belong to their primary provider. Each group and stratum that has an id is reported, if with nobody: QRDA III
    asks for all populations and strata, "even when the number of patients is zero" (HL7, section Report Format). Raises
    `UsageError` for an id that is missing.
    """
    measures: dict[str, list[dict[str, Any]]] = {}
    names: dict[tuple[str, str], str] = {}
    for row in rows:
        if row["stratum"] is not None:
            names[row["measure_code"], str(row["stratum"])] = row["stratum_name"]
        if not entity.provider_keys or row["provider_key"] in entity.provider_keys:
            measures.setdefault(row["measure_code"], []).append(row)
    return [
        MeasureCounts(
            code,
            of_measure[0]["title"],
            _id(ids, code, "", MEASURE),
            [_populations(group, of_measure, ids, names) for group in _groups(of_measure, ids)],
        )
        for code, of_measure in measures.items()
    ]


def _groups(of_measure: list[dict[str, Any]], ids: Identifiers) -> list[str]:
    known = {group for measure, group, _, _ in ids if measure == of_measure[0]["measure_code"] and group}
    return sorted(known | {row["group_id"] for row in of_measure})


def _populations(
    group: str, of_measure: list[dict[str, Any]], ids: Identifiers, names: dict[tuple[str, str], str]
) -> list[Population]:
    measure = of_measure[0]["measure_code"]
    has = {"DENEX": of_measure[0]["has_exclusions"], "DENEXCEP": of_measure[0]["has_exceptions"]}
    populations = [Population(code, _id(ids, measure, group, code)) for code in COUNTED if has.get(code, True)]
    rows = [row for row in of_measure if row["group_id"] == group]
    known = {stratum for *of, population, stratum in ids if of == [measure, group] and population == STRATUM}
    strata = sorted(known | {str(row["stratum"]) for row in rows if row["stratum"] is not None})
    for one in populations:
        one.n = sum(row[one.code] for row in rows)
        for row in rows:
            for name in SUPPLEMENTAL:
                one.by[name][row[name]] += row[one.code]
        for stratum in strata:
            n = sum(row[one.code] for row in rows if str(row["stratum"]) == stratum)
            words = names.get((measure, stratum), f"Stratum {stratum}")
            one.strata.append((_id(ids, measure, group, STRATUM, stratum), words, n))
    return populations


def _id(ids: Identifiers, measure: str, group: str, population: str, stratum: str = "") -> str:
    try:
        return ids[measure, group, population, stratum]
    except KeyError:
        where = ", ".join(filter(None, [measure, group, population, stratum and f"stratum {stratum}"]))
        raise UsageError(
            f"{where}: has no id. Add it to the file of identifiers, or leave the measure out (--measure)."
        ) from None
