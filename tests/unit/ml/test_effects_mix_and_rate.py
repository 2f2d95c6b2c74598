"""What moved a ratio adds up to the change, whatever the slices are."""

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ml.effects.mix_and_rate import mix_and_rate


def frame(rows: dict[str, tuple[float, float]]) -> pl.DataFrame:
    columns = {"slice": list(rows), "numerator": [n for n, _ in rows.values()], "denominator": [d for _, d in rows.values()]}
    return pl.DataFrame(columns, schema={"slice": pl.String, "numerator": pl.Float64, "denominator": pl.Float64})


def test_a_rate_that_fell_everywhere_alike_is_all_rate():
    """Half the visits at each site, before and after; 20 % to 10 % and 40 % to 30 %: 30 % to 20 %, ten points of rate."""
    parts = mix_and_rate(frame({"a": (20, 100), "b": (40, 100)}), frame({"a": (10, 100), "b": (30, 100)}))
    assert parts["rate"].sum() == pytest.approx(-0.1)
    assert parts["mix"].to_list() == pytest.approx([0, 0])


def test_a_shift_to_the_better_site_is_all_mix():
    """Site a stays at 10 %, b at 30 %; a grows from half to three quarters: 20 % to 15 %, five points of mix. The mean is 17.5 %,
    so a gives 0.25 x (10 - 17.5) = -1.875 and b -0.25 x (30 - 17.5) = -3.125."""
    parts = mix_and_rate(frame({"a": (10, 100), "b": (30, 100)}), frame({"a": (15, 150), "b": (15, 50)})).sort("slice")
    assert parts["mix"].to_list() == pytest.approx([-0.01875, -0.03125])
    assert parts["rate"].to_list() == pytest.approx([0, 0])


def test_a_site_that_opened_is_mix_alone():
    parts = mix_and_rate(frame({"a": (10, 100)}), frame({"a": (10, 100), "b": (50, 100)}))
    assert parts["rate"].to_list() == pytest.approx([0, 0])
    assert parts["mix"].sum() == pytest.approx(0.3 - 0.1)


def test_without_a_denominator_there_is_no_ratio_to_change():
    with pytest.raises(ValueError, match="no ratio"):
        mix_and_rate(frame({"a": (1, 0)}), frame({"a": (1, 2)}))


amounts = st.floats(-1e6, 1e6).map(lambda value: round(value, 2))
periods = st.dictionaries(st.sampled_from("abcdef"), st.tuples(amounts, st.floats(0, 1e6).map(lambda value: round(value, 2))))


@given(before=periods, after=periods)
def test_mix_and_rate_add_up_to_the_change(before: dict, after: dict):
    """Also with slices that come and go, numerators below zero, and numerators without a denominator."""
    wholes = [sum(denominator for _, denominator in period.values()) for period in (before, after)]
    assume(all(whole >= 1 for whole in wholes))
    values = [sum(n for n, _ in period.values()) / whole for period, whole in zip((before, after), wholes, strict=True)]
    parts = mix_and_rate(frame(before), frame(after))
    scale = max(1.0, *(abs(n) / (d or 1) for period in (before, after) for n, d in period.values()))
    assert parts["mix"].sum() + parts["rate"].sum() == pytest.approx(values[1] - values[0], abs=1e-9 * scale)
    assert parts["contribution"].sum() == pytest.approx(values[1] - values[0], abs=1e-9 * scale)
