"""Clinical facts as frames, one shape per FHIR resource type, before conversion to JSON.

Every fact has `patient_id`, `encounter_id` (null: outside a visit), `at` (UTC instant of the fact) and `recorded_at` (when the
record learnt it).
"""

import numpy as np
import polars as pl

LOINC, SNOMED, ICD10CM = "http://loinc.org", "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10-cm"
RXNORM, HCPCS = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
UCUM = "http://unitsofmeasure.org"
LATE_SHARE = 0.01
"""Share of facts that reach the record weeks after they happened."""


def recorded(at: np.ndarray, random: np.random.Generator, delay_hours: float = 1.0) -> np.ndarray:
    """When a fact of the instant `at` is written into the record: after hours, now and then after weeks."""
    n = len(at)
    minutes = random.exponential(delay_hours * 60, n) + np.where(
        random.random(n) < LATE_SHARE, random.uniform(10, 45, n) * 1440, 0
    )
    return at + minutes.astype("timedelta64[m]")


def quantity(value: np.ndarray, unit: str, code: str, decimals: int = 0) -> pl.Series:
    """`valueQuantity` fragments, UCUM."""
    rounded = pl.Series(np.round(value, decimals))
    text = (rounded.cast(pl.Int64) if decimals == 0 else rounded).cast(pl.String)
    return ',"valueQuantity":{"value":' + text + f',"unit":"{unit}","system":"{UCUM}","code":"{code}"}}'


def concept_value(system: str, code: str | pl.Series) -> pl.Series | str:
    """`valueCodeableConcept` fragments of one system; `code` is a text or a Series of texts."""
    text = pl.Series([code]) if isinstance(code, str) else code
    return f',"valueCodeableConcept":{{"coding":[{{"system":"{system}","code":"' + text + '"}]}'


def observation(
    visits: pl.DataFrame,
    at: np.ndarray,
    random: np.random.Generator,
    *,
    code: str,
    category: str,
    value: str | pl.Series | None,
    system: str = LOINC,
    delay_hours: float = 0.7,
) -> pl.DataFrame:
    """One observation per row of `visits` (patient_id, encounter_id), at the instants `at`."""
    at = np.asarray(at, dtype="datetime64[us]")
    n = visits.height
    if isinstance(value, pl.Series) and len(value) == 1 and n != 1:
        value = value.new_from_index(0, n)
    return pl.DataFrame(
        {
            "patient_id": visits["patient_id"],
            "encounter_id": visits["encounter_id"],
            "at": pl.Series(at, dtype=pl.Datetime("us")),
            "recorded_at": pl.Series(recorded(at, random, delay_hours), dtype=pl.Datetime("us")),
            "system": pl.repeat(system, n, eager=True),
            "code": pl.repeat(code, n, eager=True),
            "category": pl.repeat(category, n, eager=True),
            "value": value if isinstance(value, pl.Series) else pl.repeat(value, n, dtype=pl.String, eager=True),
        }
    )


def procedure(
    visits: pl.DataFrame,
    at: np.ndarray,
    random: np.random.Generator,
    *,
    code: str,
    system: str = SNOMED,
    delay_hours: float = 1.0,
) -> pl.DataFrame:
    """One completed procedure per row of `visits`, at the instants `at`."""
    at = np.asarray(at, dtype="datetime64[us]")
    n = visits.height
    return pl.DataFrame(
        {
            "patient_id": visits["patient_id"],
            "encounter_id": visits["encounter_id"],
            "at": pl.Series(at, dtype=pl.Datetime("us")),
            "recorded_at": pl.Series(recorded(at, random, delay_hours), dtype=pl.Datetime("us")),
            "system": pl.repeat(system, n, eager=True),
            "code": pl.repeat(code, n, eager=True),
        }
    )


def outside(patients: pl.DataFrame) -> pl.DataFrame:
    """Rows of `patients` as the context of facts outside the practice's visits."""
    return patients.with_columns(encounter_id=pl.lit(None, dtype=pl.String))


def order(
    visits: pl.DataFrame, random: np.random.Generator, *, code: str | pl.Series, system: str, kind: str, reason: str | None = None
) -> pl.DataFrame:
    """One service request per visit, written before the visit ends."""
    n = visits.height
    at = visits["starts_at"].to_numpy() + np.timedelta64(9, "m")
    return pl.DataFrame(
        {
            "patient_id": visits["patient_id"],
            "encounter_id": visits["encounter_id"],
            "practitioner_id": visits["practitioner_id"],
            "at": pl.Series(at, dtype=pl.Datetime("us")),
            "recorded_at": pl.Series(recorded(at, random, 0.4), dtype=pl.Datetime("us")),
            "system": pl.repeat(system, n, eager=True),
            "code": code if isinstance(code, pl.Series) else pl.repeat(code, n, eager=True),
            "kind": pl.repeat(kind, n, eager=True),
            "reason": pl.repeat(reason, n, dtype=pl.String, eager=True),
            "status": pl.repeat("completed", n, eager=True),
            "occurs_on": pl.repeat(None, n, dtype=pl.Date, eager=True),
        }
    )
