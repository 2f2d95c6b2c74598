"""When a recurring service is done: at a visit at which it is due, with some probability, never sooner."""

import numpy as np
import polars as pl

NEVER_DONE = np.datetime64("1900-01-01")


class Calendar:
    """The visits of one chunk, processed in order for each patient, so that earlier services determine what is due."""

    def __init__(self, visits: pl.DataFrame, n_patients: int) -> None:
        self.visits = visits
        self.n_patients = n_patients
        self.patient = visits["patient"].to_numpy()
        self.day = visits["day"].to_numpy().astype("datetime64[D]")
        self.program = visits["has_program"].to_numpy()
        rank = visits["rank"].to_numpy()
        order = np.argsort(rank, kind="stable")
        self._steps = np.split(order, np.cumsum(np.bincount(rank))[:-1]) if len(rank) else []

    def done(
        self,
        eligible: np.ndarray,
        every_days: int | np.ndarray,
        probability: float | np.ndarray,
        random: np.random.Generator,
        *,
        last_on: np.ndarray | None = None,
        program_effect: float = 0.0,
    ) -> np.ndarray:
        """Mask of the visits at which a service is done.

        eligible: bool per visit. every_days: days after which it is due again. probability: per visit at which it is due; its log
        odds rise by `program_effect` under the program. last_on: day it was last done before the first visit, per patient.
        """
        odds = probability / (1 - np.asarray(probability, dtype=float)) * np.exp(program_effect * self.program)
        wanted = eligible & (random.random(len(self.patient)) < odds / (1 + odds))
        last = np.full(self.n_patients, NEVER_DONE) if last_on is None else last_on.copy()
        result = np.zeros(len(self.patient), dtype=bool)
        wait = np.broadcast_to(np.asarray(every_days), self.patient.shape)
        for step in self._steps:
            rows = step[wanted[step]]
            due = rows[(self.day[rows] - last[self.patient[rows]]).astype(int) >= wait[rows]]
            result[due] = True
            last[self.patient[due]] = self.day[due]
        return result
