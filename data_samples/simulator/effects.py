"""The true effects of the program and of contacting a patient."""

import numpy as np
import polars as pl

from data_samples.simulator.bookings import ACUTE
from data_samples.simulator.engagement import History
from data_samples.simulator.laws import Laws
from data_samples.simulator.risk import Risk, at

_EFFECT_MONTHS = 3


def outreach_effects(history: History, laws: Laws) -> pl.DataFrame:
    """One row per campaign member: the probability of a completed visit in the month and the two after it.

    `probability_if_tried` and `probability_if_held_out` are those with and without an attempt to contact the patient; the mean of
    their difference over members is the true effect of outreach (intention to treat). `probability_if_reached` is that of an
    attempt that succeeds.
    """
    frames = []
    reach = np.array(laws.parameters.reached_by_outreach)
    for month in range(laws.clock.first, laws.clock.last + 1):
        members = history.outreach.filter(pl.col("month") == month)
        if members.is_empty():
            continue
        rows = members["patient"].to_numpy()
        risk = Risk(laws, history, month, rows)
        slots = risk.slots()
        state = history.state[month][rows]
        each = np.arange(len(rows))
        without = 1 - at(risk.no_visit_probability(_EFFECT_MONTHS, False), slots)[each, state]
        reached = 1 - at(risk.no_visit_probability(_EFFECT_MONTHS, True), slots)[each, state]
        chance = reach[state]
        frames.append(
            laws.population.frame[rows]
            .select("patient_id")
            .with_columns(
                month_on=pl.lit(laws.clock.month_starts[month].item()),
                is_held_out=members["is_held_out"].cast(pl.Boolean),
                is_reached=members["is_reached"].cast(pl.Boolean),
                probability_if_tried=pl.Series(chance * reached + (1 - chance) * without),
                probability_if_held_out=pl.Series(without),
                probability_if_reached=pl.Series(reached),
            )
        )
    return pl.concat(frames) if frames else pl.DataFrame()


def program_outcomes(with_program: History, without: History, laws: Laws) -> pl.DataFrame:
    """One row per site and month: counts in the practice's world, and (`…_without`) in the same world without the program.

    Rates of the one less rates of the other are the program's true effect on these very patients: no-shows over `n_due` (acute
    visits apart), visits, disengaged patients and patients seen within 12 months over `n_patients`. Outreach is part of the
    program.
    """
    frames = []
    for month in range(laws.clock.first, laws.clock.last + 1):
        key = laws.practice.sites.select("location_id").with_columns(
            month_on=pl.lit(laws.clock.month_starts[month].item()),
            is_program_live=pl.Series(month >= laws.practice.go_live_month),
        )
        other = _outcomes(without, laws, month).rename(lambda name: f"{name}_without")
        frames.append(pl.concat([key, _outcomes(with_program, laws, month), other], how="horizontal"))
    return pl.concat(frames)


def _outcomes(history: History, laws: Laws, month: int) -> pl.DataFrame:
    n_sites = laws.practice.sites.height
    home = laws.population["site"]
    due = history.appointments.filter((pl.col("due_month") == month) & (pl.col("kind") != ACUTE))
    place, outcome = home[due["patient"].to_numpy()], due["outcome"].to_numpy()
    visit = history.appointments.filter((pl.col("due_month") == month) & (pl.col("outcome") == 0))
    present = laws.is_present(month)

    def by_site(sites: np.ndarray) -> pl.Series:
        return pl.Series(np.bincount(sites, minlength=n_sites))

    return pl.DataFrame(
        {
            "n_patients": by_site(home[present]),
            "n_disengaged": by_site(home[present & (history.state[month] == 2)]),
            "n_visits": by_site(home[visit["patient"].to_numpy()]),
            "n_due": by_site(place[(outcome == 0) | (outcome == 1)]),
            "n_no_shows": by_site(place[outcome == 1]),
            "n_seen_in_12_months": by_site(home[present & (history.months_since_visit[month] <= 12)]),
        }
    )
