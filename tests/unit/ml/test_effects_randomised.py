"""The randomised estimators against textbook numbers, direct matrix algebra and other libraries."""

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ml.effects.before_after import before_after_difference
from ml.effects.estimate import EstimateRefused
from ml.effects.randomised import randomised_effect


def counted(successes_treated: int, n_treated: int, successes_control: int, n_control: int) -> pl.DataFrame:
    y = [1] * successes_treated + [0] * (n_treated - successes_treated)
    y += [1] * successes_control + [0] * (n_control - successes_control)
    return pl.DataFrame({"y": y, "t": [1] * n_treated + [0] * n_control})


def test_a_difference_of_proportions_has_newcombes_interval():
    """56/70 against 48/80: difference 0.2, interval 0.0524 to 0.3339 (Newcombe 1998, table II, method 10).

    Standard error √(0.8·0.2/70 + 0.6·0.4/80) = √(0.0022857 + 0.003) = 0.072703.
    """
    found = randomised_effect(counted(56, 70, 48, 80), outcome="y", treated="t")
    assert found.estimate == pytest.approx(0.2)
    assert found.standard_error == pytest.approx(0.072703, abs=5e-7)
    assert found.interval == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert found.n == 150


def test_a_difference_of_means_is_welchs():
    """Sleep gained under two drugs (Student 1908): 0.75 - 2.33 = -1.58, Welch's interval -3.365 to 0.205, df 17.776."""
    first, second = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0], [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    frame = pl.DataFrame({"y": first + second, "t": [1] * 10 + [0] * 10})
    found = randomised_effect(frame, outcome="y", treated="t")
    assert found.estimate == pytest.approx(-1.58)
    assert found.interval == pytest.approx((-3.3654832, 0.2054832), abs=5e-7)
    assert found.parts["degrees_of_freedom"] == pytest.approx(17.776, abs=5e-4)


def test_strata_weigh_by_their_share_of_all_rows():
    """Stratum a: 4 rows, means 3 and 1, difference 2. Stratum b: 6 rows, means 9 and 8, difference 1. 0.4·2 + 0.6·1 = 1.4.

    Variances within the four cells: a 2 and 2 (n 2, 2), b 4 and 1 (n 3, 3), so the variance is
    0.16·(2/2 + 2/2) + 0.36·(4/3 + 1/3) = 0.32 + 0.6 = 0.92.
    """
    frame = pl.DataFrame(
        {
            "y": [2, 4, 0, 2, 7, 9, 11, 7, 8, 9],
            "t": [1, 1, 0, 0, 1, 1, 1, 0, 0, 0],
            "s": ["a"] * 4 + ["b"] * 6,
        }
    )
    found = randomised_effect(frame, outcome="y", treated="t", strata="s")
    assert found.estimate == pytest.approx(1.4)
    assert found.standard_error == pytest.approx(0.92**0.5)
    assert [(row["stratum"], row["estimate"], row["weight"]) for row in found.parts["strata"]] == [
        ("a", pytest.approx(2), pytest.approx(0.4)),
        ("b", pytest.approx(1), pytest.approx(0.6)),
    ]


def test_neymans_variance_is_that_of_robust_regression():
    random = np.random.default_rng(0)
    t = random.integers(0, 2, 80)
    y = random.normal(size=80) * (1 + t) + t
    found = randomised_effect(pl.DataFrame({"y": y, "t": t}), outcome="y", treated="t")
    fit = sm.OLS(y, sm.add_constant(t)).fit(cov_type="HC2")
    assert found.estimate == pytest.approx(fit.params[1])
    assert found.standard_error == pytest.approx(fit.bse[1])


@pytest.mark.parametrize("with_strata", [False, True])
def test_the_cluster_variance_is_bell_and_mccaffreys(with_strata: bool):
    """Against CR2 with matrices: A_j = (I - H_jj)^(-1/2), degrees of freedom from p_j = (I - H)_j A_j X_j (X'X)^-1 c."""
    random = np.random.default_rng(1)
    cluster = np.repeat(np.arange(12), random.integers(2, 9, 12))
    stratum = random.integers(0, 2, len(cluster)) if with_strata else np.zeros(len(cluster), dtype=int)
    t = (cluster < 5).astype(int)
    y = random.normal(size=12)[cluster] + random.normal(size=len(cluster)) + t + stratum
    frame = pl.DataFrame({"y": y, "t": t, "c": cluster, "s": stratum})
    found = randomised_effect(frame, outcome="y", treated="t", cluster="c", strata="s" if with_strata else None)

    cells = [(s, a) for s in np.unique(stratum) for a in (0, 1)]
    x = np.column_stack([(stratum == s) & (t == a) for s, a in cells]).astype(float)
    contrast = np.array([(2 * a - 1) * (stratum == s).mean() for s, a in cells])
    bread = np.linalg.inv(x.T @ x)
    hat = x @ bread @ x.T
    residual = y - hat @ y
    variance, columns = 0.0, []
    for j in range(12):
        rows = np.flatnonzero(cluster == j)
        values, vectors = np.linalg.eigh(np.eye(len(rows)) - hat[np.ix_(rows, rows)])
        adjust = vectors @ np.diag(values**-0.5) @ vectors.T
        a = adjust @ x[rows] @ bread @ contrast
        variance += (a @ residual[rows]) ** 2
        columns.append((np.eye(len(y)) - hat)[:, rows] @ a)
    gram = np.array(columns) @ np.array(columns).T
    assert found.standard_error == pytest.approx(variance**0.5)
    assert found.parts["degrees_of_freedom"] == pytest.approx(np.trace(gram) ** 2 / (gram**2).sum())


def test_before_and_after_is_labelled_as_no_cause():
    frame = pl.DataFrame({"y": [1.0, 2.0, 3.0, 5.0, 6.0, 8.0], "after": [0, 0, 0, 1, 1, 1]})
    found = before_after_difference(frame, outcome="y", is_after="after")
    assert found.estimate == pytest.approx(19 / 3 - 2)
    assert found.parts["is_causal"] is False
    assert found.inference.startswith("descriptive only")


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), shift=st.floats(-1e3, 1e3), use_cluster=st.booleans())
def test_shifting_the_outcome_or_reordering_rows_changes_nothing(seed: int, shift: float, use_cluster: bool):
    random = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(8), 4)
    frame = pl.DataFrame({"y": random.normal(size=32), "t": cluster % 2, "c": cluster, "s": np.tile([0, 1], 16)})
    options = {"outcome": "y", "treated": "t", "strata": "s", "cluster": "c" if use_cluster else None}
    found = randomised_effect(frame, **options)
    moved = randomised_effect(frame.with_columns(pl.col("y") + shift).sample(fraction=1, shuffle=True, seed=seed), **options)
    assert moved.estimate == pytest.approx(found.estimate, abs=1e-9)
    assert moved.interval == pytest.approx(found.interval, abs=1e-9)


@pytest.mark.parametrize(
    "column,value,words", [("y", None, "column y, data row 3"), ("t", 2, "neither 0 nor 1"), ("t", 0, "fewer than two")]
)
def test_missing_and_wrong_values_are_refused_by_column_and_row(column: str, value: object, words: str):
    frame = pl.DataFrame({"y": [1.0, 2.0, 3.0, 4.0], "t": [0, 0, 1, 1]})
    broken = frame.with_columns(pl.when(pl.int_range(4) == 2).then(pl.lit(value)).otherwise(pl.col(column)).alias(column))
    with pytest.raises(EstimateRefused, match=words):
        randomised_effect(broken, outcome="y", treated="t")


def test_one_cluster_in_an_arm_is_refused():
    frame = pl.DataFrame({"y": [1.0, 2.0, 3.0, 4.0, 5.0, 7.0], "t": [0, 0, 0, 0, 1, 1], "c": [1, 1, 2, 2, 3, 3]})
    with pytest.raises(EstimateRefused, match="only one cluster"):
        randomised_effect(frame, outcome="y", treated="t", cluster="c")


def test_the_cluster_interval_holds_the_truth_with_ten_uneven_clusters():
    """95 % of 300 draws are 285; below 270 (90 %) something is wrong: the chance is under one in 10,000."""
    n_held = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        cluster = np.repeat(np.arange(10), random.integers(5, 40, 10))
        y = random.normal(size=10)[cluster] + random.normal(size=len(cluster)) + 0.7 * (cluster < 4)
        frame = pl.DataFrame({"y": y, "t": (cluster < 4).astype(int), "c": cluster})
        low, high = randomised_effect(frame, outcome="y", treated="t", cluster="c").interval
        n_held += low <= 0.7 <= high
    assert stats.binom.ppf(1e-4, 300, 0.95) <= n_held <= 300
