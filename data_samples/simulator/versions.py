"""The versions of records that change: what an export shows depends on its day. See `deliveries.py`."""

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock
from data_samples.simulator.deliveries import two_versions
from data_samples.simulator.identities import Identities
from data_samples.simulator.population import Population
from data_samples.simulator.practice import NEVER, PAYERS, Practice

_CANCELLED_BY = {"cancelled_by_patient": "pat", "cancelled_by_practice": "prov"}
_STATUS = {
    "completed": "fulfilled",
    "no_show": "noshow",
    "cancelled_by_patient": "cancelled",
    "cancelled_by_practice": "cancelled",
}


def appointment_versions(appointments: pl.DataFrame) -> pl.DataFrame:
    """Each appointment as it was booked, and as it ended."""
    final = appointments.with_columns(
        status=pl.col("outcome").replace_strict(_STATUS, default="booked"),
        reason=pl.when("has_departed")
        .then(pl.lit("pat-mv"))
        .otherwise(pl.col("outcome").replace_strict(_CANCELLED_BY, default=None)),
    )
    nothing = pl.lit(None)
    before = {"status": pl.lit("booked"), "reason": nothing, "cancelled_at": nothing, "checked_in_at": nothing}
    return two_versions(final, began="booked_at", ended="resolved_at", before=before)


def medication_versions(orders: pl.DataFrame) -> pl.DataFrame:
    """Each order as it was written, and as it was once its supply had run out."""
    ended = orders.with_columns(
        status=pl.lit("completed"), ended_at=pl.col("ends_on").cast(pl.Datetime("us")) + pl.duration(hours=6)
    )
    ended = ended.with_columns(ended_at=pl.max_horizontal("ended_at", "recorded_at"))
    return two_versions(ended, began="recorded_at", ended="ended_at", before={"status": pl.lit("active")})


def task_versions(tasks: pl.DataFrame) -> pl.DataFrame:
    final = tasks.with_columns(
        status=pl.when(pl.col("reported_at").is_null()).then(pl.lit("requested")).otherwise(pl.lit("completed")),
        began_at=pl.col("asked_at") + pl.duration(minutes=3),
        ended_at=pl.col("reported_at") + pl.duration(hours=5),
    )
    before = {"status": pl.lit("requested"), "reported_at": pl.lit(None)}
    return two_versions(final, began="began_at", ended="ended_at", before=before)


def patient_versions(population: Population, known: Identities, practice: Practice, clock: Clock) -> pl.DataFrame:
    """Each patient as registered, and as of the last move, marriage, death or departure; second registrations too."""
    people = pl.concat([population.frame, known.patient_copies], how="diagonal")
    population = Population(people)
    joined = np.maximum(population["joined_month"], 0)
    registered = clock.month_starts[joined].astype("datetime64[us]") + np.timedelta64(14 * 60 + 5, "m")
    changed = np.where(
        population["change_month"] < NEVER,
        clock.month_starts[population["change_month"].clip(0, clock.n_simulated)],
        np.datetime64("NaT"),
    )
    changed = changed.astype("datetime64[us]") + np.timedelta64(11, "D") + np.timedelta64(15, "h")
    died = population["died_on"].astype("datetime64[us]") + np.timedelta64(3, "D")
    # numpy's fmax ignores a missing instant.
    changed = np.fmax(changed, died)
    frame = people.with_columns(
        registered_at=pl.Series(registered),
        changed_at=pl.Series(np.where(changed > registered, changed, np.datetime64("NaT"))),
        practitioner_id=practice.clinicians["practitioner_id"].gather(people["clinician"]),
        active=pl.when((pl.col("moved_month") <= clock.last) | pl.col("replaced_by").is_not_null())
        .then(pl.lit("false"))
        .otherwise(pl.lit("true")),
    )
    before = {
        "phone": pl.coalesce("old_phone", "phone"),
        "address_line": pl.coalesce("old_address_line", "address_line"),
        "family": pl.when("has_married").then("maiden_name").otherwise("family"),
        "has_married": pl.lit(False),
        "died_on": pl.lit(None),
        "active": pl.lit("true"),
    }
    return two_versions(frame, began="registered_at", ended="changed_at", before=before)


def coverages(population: Population, clock: Clock) -> pl.DataFrame:
    """Cover of each patient by a payer, one row a period; self-pay is no cover."""
    people = population.frame
    later = population["later_payer_month"]
    change = np.where(later < NEVER, clock.month_starts[later.clip(0, clock.n_simulated)], np.datetime64("NaT"))
    joined = clock.month_starts[np.maximum(population["joined_month"], 0)]
    frames = []
    for number, (payer, starts, ends) in enumerate(
        ((population["payer"], joined, change), (population["later_payer"], change, np.full(len(change), np.datetime64("NaT"))))
    ):
        frame = people.select("patient_id", "number").with_columns(
            id=pl.concat_str(pl.lit("cov-"), pl.col("number").cast(pl.String).str.zfill(7), pl.lit(f"-{number + 1}")),
            payer_id=PAYERS["payer_id"].gather(payer),
            payer_type=PAYERS["payer_type"].gather(payer),
            starts_on=pl.Series(starts.astype("datetime64[D]")).cast(pl.Date),
            closes=pl.Series(ends.astype("datetime64[D]")).cast(pl.Date),
            member_number=pl.concat_str(pl.lit("W"), (pl.col("number") * 7919 + 100_003 * (number + 1)).cast(pl.String)),
        )
        frame = frame.filter((pl.col("payer_type") != "81") & pl.col("starts_on").is_not_null())
        frame = frame.with_columns(
            began_at=pl.col("starts_on").cast(pl.Datetime("us")) + pl.duration(hours=15),
            closes_at=pl.col("closes").cast(pl.Datetime("us")) + pl.duration(hours=16),
            ends_on=pl.col("closes").dt.offset_by("-1d").cast(pl.String),
        )
        frames.append(two_versions(frame, began="began_at", ended="closes_at", before={"ends_on": pl.lit(None)}))
    return pl.concat(frames)
