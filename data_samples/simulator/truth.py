"""The ground truth of one chunk, written to `truth/` for tests and benchmarks only."""

from pathlib import Path

import numpy as np
import polars as pl

from data_samples.simulator.clock import local_instants
from data_samples.simulator.deliveries import Delivery
from data_samples.simulator.engagement import History
from data_samples.simulator.identities import Identities
from data_samples.simulator.laws import Laws
from data_samples.simulator.parameters import STATES
from data_samples.simulator.risk import HORIZON_DAYS, Risk, at
from data_samples.simulator.visits import Visits

_ELIGIBLE_MONTHS = 24
_KNOWN_DAYS = 90


class Truth:
    """Parquet files that grow chunk by chunk: one row group per chunk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parts: dict[str, list[Path]] = {}
        self._sums: dict[str, pl.DataFrame] = {}

    def add(self, name: str, frame: pl.DataFrame) -> None:
        """Add rows to `<name>.parquet`."""
        parts = self._parts.setdefault(name, [])
        folder = self.folder / ".parts"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.{len(parts):03d}.parquet"
        frame.write_parquet(path, compression="zstd", statistics=False)
        parts.append(path)

    def add_sums(self, name: str, frame: pl.DataFrame) -> None:
        """Add the numbers of `frame` to those of the same keys (all columns that are not integers) in `<name>.parquet`."""
        keys = [column for column, dtype in frame.schema.items() if not dtype.is_integer()]
        both = pl.concat([self._sums[name], frame]) if name in self._sums else frame
        self._sums[name] = both.group_by(keys, maintain_order=True).sum()

    def finish(self) -> None:
        for name, frame in self._sums.items():
            self.add(name, frame)
        for name, parts in self._parts.items():
            pl.scan_parquet(parts).sink_parquet(self.folder / f"{name}.parquet", compression="zstd", statistics=False)
            for part in parts:
                part.unlink()
        (self.folder / ".parts").rmdir()


def identities(ids: Identities, people: pl.DataFrame, last: Delivery) -> pl.DataFrame:
    """Which of the delivered records are one person: person_id, source_record_type, source_id."""
    contacts, accounts = (
        frame.filter(pl.col(made) <= last.at) for frame, made in ((ids.contacts, "created_at"), (ids.accounts, "opened_at"))
    )
    return pl.concat(
        [
            people.select("person_id", source_record_type=pl.lit("ehr_patient"), source_id="patient_id"),
            ids.patient_copies.select("person_id", source_record_type=pl.lit("ehr_patient"), source_id="patient_id"),
            contacts.select("person_id", source_record_type=pl.lit("crm_contact"), source_id="contact_id"),
            accounts.select("person_id", source_record_type=pl.lit("billing_account"), source_id="account_id"),
        ]
    )


def engagement_states(history: History, laws: Laws) -> pl.DataFrame:
    """One row per patient present and month: the hidden state and the drivers of the chain."""
    frames = []
    people = laws.population.frame
    for month in range(laws.clock.first, laws.clock.last + 2):
        rows = np.flatnonzero(laws.is_present(month))
        frames.append(
            people[rows]
            .select("patient_id", "person_id", "n_chronic", "distance_miles")
            .with_columns(
                month_on=pl.lit(laws.clock.month_starts[month].item()),
                state=pl.Series(np.array(STATES)[history.state[month][rows]]),
                age_years=pl.Series(laws.age[rows].astype(np.float32)),
                payer=pl.Series(laws.payer(month)[rows].astype(np.int8)),
                is_program_live=pl.Series(month >= laws.go_live_month[rows]),
                has_clinician_left=pl.Series(laws.has_clinician_left(month)[rows]),
                is_contacted=pl.Series(history.contact[month][rows] > 0),
            )
        )
    return pl.concat(frames)


def disengagement_risk(history: History, laws: Laws, visits: Visits) -> pl.DataFrame:
    """One row per eligible patient and first of a month.

    Eligible: adult, present, a completed visit within 24 months, known for 90 days, not lapsed already (at most 1.5 expected
    intervals since the last visit) and able to lapse within 180 days. The interval is that of the last visit's follow-up order,
    otherwise 3, 6 or 12 months by number of chronic conditions. `probability` uses the hidden state, `best_possible` only the
    extracts; both are risks without contact. `has_lapsed` is the outcome: no completed visit within the horizon and none booked
    at its end; `is_contacted` marks patients reached within it, `has_left` those who died or moved (both unforeseen). The last
    month's rows look beyond the delivered data.
    """
    clock = laws.clock
    calendar = _Calendar(visits, len(laws.population))
    frames = []
    for month in range(clock.first + 1, clock.last + 2):
        index_on = clock.month_starts[month]
        elapsed = (index_on - calendar.last_visit_before(index_on)).astype(int)
        known = (index_on - calendar.first_visit_on).astype(int)
        interval = history.interval_days[month].astype(float)
        eligible = laws.is_present(month) & (laws.age >= 18) & (known >= _KNOWN_DAYS) & (elapsed <= _ELIGIBLE_MONTHS * 30.44)
        eligible &= (elapsed <= 1.5 * interval) & (elapsed + HORIZON_DAYS > 1.5 * interval)
        rows = np.flatnonzero(eligible)
        if not len(rows):
            continue
        risk = Risk(laws, history, month, rows)
        slots = risk.slots()
        by_state = at(risk.lapse_probability(), slots)
        window = slice(month, month + 6)
        frames.append(
            laws.population.frame[rows]
            .select("patient_id")
            .with_columns(
                index_on=pl.lit(index_on.item()),
                probability=pl.Series(by_state[np.arange(len(rows)), history.state[month][rows]].astype(np.float32)),
                best_possible=pl.Series((by_state * history.belief[month][rows]).sum(axis=1).astype(np.float32)),
                has_lapsed=pl.Series(calendar.has_lapsed(rows, index_on)),
                is_contacted=pl.Series((history.contact[window][:, rows] > 0).any(axis=0)),
                has_left=pl.Series(~laws.is_present(month + 6)[rows]),
                has_follow_up_order=pl.Series(interval[rows] != laws.usual_interval_days[rows]),
                has_appointment=pl.Series(slots != 0),
                days_since_visit=pl.Series(elapsed[rows].astype(np.int16)),
                interval_days=pl.Series(np.round(interval[rows]).astype(np.int16)),
            )
        )
    return pl.concat(frames)


class _Calendar:
    """Completed visits and bookings of a chunk, looked up by day; days are local."""

    def __init__(self, visits: Visits, n_patients: int) -> None:
        seen = visits.encounters.sort("patient", "day")
        self._patient = seen["patient"].to_numpy()
        self._day = seen["day"].to_numpy().astype("datetime64[D]")
        self._from = np.searchsorted(self._patient, np.arange(n_patients + 1))
        never = np.datetime64("2999-01-01")
        first = np.full(n_patients, never)
        has = self._from[:-1] < self._from[1:]
        first[has] = self._day[self._from[:-1][has]]
        self.first_visit_on = first
        self._n = n_patients
        self._appointments = visits.appointments.select("patient", "booked_at", "starts_at", "cancelled_at")

    def last_visit_before(self, day: np.datetime64) -> np.ndarray:
        """Day of each patient's last visit before `day`; far back where there is none."""
        before = self._day < day
        last = np.full(self._n, np.datetime64("1900-01-01"))
        # Sorted by patient and day: the last assignment of a patient is the latest visit.
        last[self._patient[before]] = self._day[before]
        return last

    def has_lapsed(self, rows: np.ndarray, index_on: np.datetime64) -> np.ndarray:
        end = index_on + np.timedelta64(HORIZON_DAYS, "D")
        seen = np.zeros(self._n, bool)
        seen[self._patient[(self._day >= index_on) & (self._day < end)]] = True
        instant = local_instants(np.array([end]), np.array([0]))[0].item()
        booked = self._appointments.filter(
            (pl.col("booked_at") < instant)
            & (pl.col("starts_at") >= instant)
            & (pl.col("cancelled_at").is_null() | (pl.col("cancelled_at") >= instant))
        )
        open_ones = np.zeros(self._n, bool)
        open_ones[booked["patient"].to_numpy()] = True
        return ~(seen | open_ones)[rows]
