"""The true care-gap state of patients, derived from the simulated facts, independent of the product's SQL.

The rules follow the eCQM specifications of the 2026 measurement period as far as the simulated facts allow. CMS347 is omitted:
its populations depend on cardiovascular risk, which is not simulated.
"""

from datetime import date

import numpy as np
import polars as pl

from data_samples.simulator.deliveries import Delivery
from data_samples.simulator.gaps_children import children_gaps
from data_samples.simulator.gaps_chronic import chronic_gaps
from data_samples.simulator.gaps_courses import course_gaps
from data_samples.simulator.gaps_heart import heart_gaps
from data_samples.simulator.gaps_infections import infection_gaps
from data_samples.simulator.gaps_medicines import medicine_gaps
from data_samples.simulator.gaps_mind import mind_gaps
from data_samples.simulator.gaps_preventive import preventive_gaps
from data_samples.simulator.gaps_screening import screening_gaps
from data_samples.simulator.known_facts import Known
from data_samples.simulator.record import Record


def care_gaps(people: pl.DataFrame, record: Record, last: Delivery, years: tuple[int, ...]) -> pl.DataFrame:
    """One row per measure, group, year and patient of its denominator: status (`open`, `closed`, `excluded`,
    `not_assessable`), evidence_on.

    Counts what was in the record at the last delivery.
    """
    known = Known(people, record, last)
    rules = (
        screening_gaps,
        chronic_gaps,
        preventive_gaps,
        children_gaps,
        heart_gaps,
        infection_gaps,
        mind_gaps,
        course_gaps,
        medicine_gaps,
    )
    return pl.concat([frame for year in years for rule in rules for frame in rule(known, year)])


def measured_years(end_on: date | np.datetime64) -> tuple[int, ...]:
    """The year of the last day and the one before."""
    year = int(str(end_on)[:4])
    return year - 1, year
