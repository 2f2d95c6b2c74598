"""Words for why a patient's score is high: associations that the model uses, not causes."""

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from ml.risk.features import Feature

N_REASONS = 3
_PLACEHOLDER = re.compile(r"\{(\w+)(%?)\}")


def reasons(rows: pl.DataFrame, features: Sequence[Feature], contributions: np.ndarray) -> pl.DataFrame:
    """The strongest reasons of each row: `reason_1` to `reason_3`, null if fewer topics raise the risk.

    In: `rows` with the inputs; `features`, the columns of `contributions`, which has shape (rows, features) and holds each
    input's contribution to the log-odds. Contributions of one topic are summed, because inputs that express the same thing offset
    each other; the strongest input of the topic that has a wording then gives the reason.
    """
    phrases = rows.select(_phrase(feature).alias(feature.name) for feature in features)
    has_words = np.column_stack([phrases[feature.name].is_not_null().to_numpy() for feature in features])
    strongest, totals = _by_topic(features, contributions, has_words)
    order = np.argsort(-totals, axis=1, kind="stable")[:, :N_REASONS]
    columns = {}
    for rank in range(N_REASONS):
        topic = order[:, rank] if rank < order.shape[1] else None
        chosen = np.full(len(rows), -1) if topic is None else np.where(_at(totals, topic) > 0, _at(strongest, topic), -1)
        columns[f"reason_{rank + 1}"] = _phrase_at(phrases, chosen)
    return pl.DataFrame(columns)


def _by_topic(features: Sequence[Feature], contributions: np.ndarray, has_words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per row and topic: the position of the input that gives the reason, and the topic's sum (-inf if there is no reason)."""
    strongest, totals = [], []
    for topic in dict.fromkeys(feature.topic for feature in features):
        members = np.array([position for position, feature in enumerate(features) if feature.topic == topic])
        usable = np.where(has_words[:, members], contributions[:, members], -np.inf)
        strongest.append(members[usable.argmax(axis=1)])
        totals.append(np.where(usable.max(axis=1) > 0, contributions[:, members].sum(axis=1), -np.inf))
    return np.column_stack(strongest), np.column_stack(totals)


def _at(table: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return np.take_along_axis(table, columns[:, None], axis=1)[:, 0]


def _phrase_at(phrases: pl.DataFrame, positions: np.ndarray) -> pl.Series:
    """The phrase at each row's position; null where it is -1."""
    position = pl.Series(positions)
    cases = [pl.when(position == number).then(pl.col(name)) for number, name in enumerate(phrases.columns)]
    return phrases.select(phrase=pl.coalesce(cases)).to_series() if cases else pl.Series([None] * len(positions), dtype=pl.String)


def _phrase(feature: Feature) -> pl.Expr:
    """The wording of an input; null if its value is missing or too small, or if it has no wording."""
    value = pl.col(feature.name)
    if not feature.is_flag:
        words = _words(feature.reason, feature.name)
        return words if feature.reason_from is None else pl.when(value.cast(pl.Float64) >= feature.reason_from).then(words)
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
