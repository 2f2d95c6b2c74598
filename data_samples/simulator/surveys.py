"""Answers of returned surveys."""

import numpy as np
import polars as pl

from data_samples.simulator.clock import minutes
from data_samples.simulator.contacts import numbered
from data_samples.simulator.visits import Visits

_TOP_SHARE = 0.78
_COMPOSITES = (
    ("access", "Got an appointment as soon as needed"),
    ("communication", "Clinician listened carefully"),
    ("coordination", "Clinician knew the medical history"),
    ("office_staff", "Office staff were helpful"),
)


def survey_answers(visits: Visits, contact: pl.Series, random: np.random.Generator) -> pl.DataFrame:
    """The answers of each survey that came back: how likely to recommend, how satisfied, and one of the CG-CAHPS composites."""
    back = visits.seen.filter(pl.col("survey") >= 0)
    n = back.height
    at = back["ends_at"].to_numpy() + minutes(random.integers(60, 4_000, n))
    unhappy = back["survey"].to_numpy() == 1
    frames = []

    def answer(survey: str, composite: str | None, question: str, score: np.ndarray, maximum: int) -> None:
        frames.append(
            pl.DataFrame(
                {
                    "contact_id": contact.gather(back["patient"]),
                    "encounter_id": back["encounter_id"],
                    "survey_name": pl.repeat(survey, n, eager=True),
                    "composite": pl.repeat(composite, n, dtype=pl.String, eager=True),
                    "question": pl.repeat(question, n, eager=True),
                    "score": pl.Series(np.asarray(score, dtype=np.int32)),
                    "score_maximum": pl.repeat(maximum, n, dtype=pl.Int32, eager=True),
                    "answered_at": pl.Series(at, dtype=pl.Datetime("us")),
                }
            )
        )

    def scores(best: int, bad: tuple[int, int]) -> np.ndarray:
        """Happy patients nearly always give the best or second-best score; others a low to fair one."""
        happy = best - (random.random(n) > _TOP_SHARE)
        return np.where(unhappy, random.integers(bad[0], bad[1] + 1, n), happy)

    # A fifth of happy patients would not recommend the practice.
    lukewarm = 2 * (random.random(n) < 0.2)
    answer("nps", None, "Would you recommend us", (scores(10, (0, 8)) - lukewarm).clip(0), 10)
    answer("satisfaction", None, "How satisfied were you", scores(5, (1, 3)), 5)
    for composite, question in _COMPOSITES:
        answer("cg_cahps", composite, question, scores(4, (1, 3)), 4)
    answer("cg_cahps", "provider_rating", "Rate the clinician", scores(10, (2, 8)), 10)
    answers = pl.concat(frames).filter(pl.col("contact_id").is_not_null())
    return numbered(answers, "ans", "answer_id").with_columns(updated_at="answered_at")
