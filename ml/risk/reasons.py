"""Why a patient's score is high, in words: associations that the model uses, not causes."""

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from ml.risk.features import Feature

N_REASONS = 3
_PLACEHOLDER = re.compile(r"\{(\w+)(%?)\}")


def reasons(rows: pl.DataFrame, features: Sequence[Feature], contributions: np.ndarray) -> pl.DataFrame:
    """The strongest reasons of each row: `reason_1` to `reason_3`, null where fewer topics raise the risk.

    In: `rows` with the inputs; `features`, the columns of `contributions`, which has shape (rows, features) and
    holds what each input adds to the log-odds. Contributions of one topic are summed, since inputs that say the same in several
    ways offset each other; the topic is then told by its strongest input that can be put into words.
    """
    phrases = rows.select(_phrase(feature).alias(feature.name) for feature in features)
    speakable = np.column_stack([phrases[feature.name].is_not_null().to_numpy() for feature in features])
    strongest, totals = _by_topic(features, contributions, speakable)
    order = np.argsort(-totals, axis=1, kind="stable")[:, :N_REASONS]
    columns = {}
    for rank in range(N_REASONS):
        topic = order[:, rank] if rank < order.shape[1] else None
        said = np.full(len(rows), -1) if topic is None else np.where(_at(totals, topic) > 0, _at(strongest, topic), -1)
        columns[f"reason_{rank + 1}"] = _spoken(phrases, said)
    return pl.DataFrame(columns)


def _by_topic(features: Sequence[Feature], contributions: np.ndarray, speakable: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per row and topic: the position of the input that tells it, and the topic's sum (-inf where nothing can be said)."""
    strongest, totals = [], []
    for topic in dict.fromkeys(feature.topic for feature in features):
        members = np.array([position for position, feature in enumerate(features) if feature.topic == topic])
        told = np.where(speakable[:, members], contributions[:, members], -np.inf)
        strongest.append(members[told.argmax(axis=1)])
        totals.append(np.where(told.max(axis=1) > 0, contributions[:, members].sum(axis=1), -np.inf))
    return np.column_stack(strongest), np.column_stack(totals)


def _at(table: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return np.take_along_axis(table, columns[:, None], axis=1)[:, 0]


def _spoken(phrases: pl.DataFrame, positions: np.ndarray) -> pl.Series:
    """The phrase at each row's position; null where it is -1."""
    position = pl.Series(positions)
    cases = [pl.when(position == number).then(pl.col(name)) for number, name in enumerate(phrases.columns)]
    return phrases.select(spoken=pl.coalesce(cases)).to_series() if cases else pl.Series([None] * len(positions), dtype=pl.String)


def _phrase(feature: Feature) -> pl.Expr:
    """The words for an input; null where its value is missing, too small to be said, or there are none."""
    value = pl.col(feature.name)
    if not feature.is_flag:
        words = _words(feature.reason, feature.name)
        return words if feature.said_from is None else pl.when(value.cast(pl.Float64) >= feature.said_from).then(words)
    raised = pl.when(value.cast(pl.Float64) == 1)
    return raised.then(_words(feature.reason, feature.name)).otherwise(_words(feature.reason_if_not, feature.name))


def _words(template: str, name: str) -> pl.Expr:
    if not template:
        return pl.lit(None, pl.String)
    parts, end = [], 0
    for found in _PLACEHOLDER.finditer(template):
        number = pl.col(name if found[1] == "value" else found[1]).cast(pl.Float64).fill_nan(None) * (100 if found[2] else 1)
        parts += [pl.lit(template[end : found.start()]), number.round(0).cast(pl.Int64).cast(pl.String) + found[2]]
        end = found.end()
    return pl.concat_str([*parts, pl.lit(template[end:])])
