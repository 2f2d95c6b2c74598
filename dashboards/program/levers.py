"""What would change the answer: the inputs that matter most, the scenarios side by side, and any input moved by hand."""

from typing import Any

import polars as pl
import streamlit as st

from dashboards.figures.comparisons import tornado
from dashboards.figures.wording import as_plain_markdown, dollars, each, plain
from dashboards.layout.exhibits import figure, say, table
from dashboards.layout.page import is_published, not_available
from dashboards.program.answer import beside, side_by_side
from dashboards.store.published import Publication, ask
from models.wording import amount, difference, named, signs_in

MOST = 8
STEPS = 100
"""Of a slider."""
_SENSITIVITY = "select * from delivery.fct_program_sensitivity where program_name = ? and scenario = ? order by swing_rank"
_VOLUMES = """
    select series_type, series_code, month_number, value
    from delivery.fct_program_volumes
    where program_name = ? and scenario = ?
    order by all
"""


def levers(publication: Publication, chosen: dict[str, Any], scenarios: pl.DataFrame) -> None:
    """Draw the tornado of a scenario (a row of `scenarios`), all scenarios beside each other, and sliders over its inputs."""
    inputs = ask(publication, _SENSITIVITY, (chosen["program_name"], chosen["scenario"]))
    moving = inputs.filter(pl.col("swing_usd") > 0).head(MOST)
    if moving.is_empty():
        not_available("What would change the answer", "nothing in this scenario is uncertain")
    else:
        labelled = moving.with_columns(label=each(moving["assumption"], plain))
        centre = labelled["npv_central_usd"][0]
        figure(
            tornado(labelled, label="label", low="npv_low_usd", high="npv_high_usd", centre=centre),
            title=f"{labelled['label'][0]} matters most to the net present value",
            alt="Tornado chart: net present value at the low and the high end of each input, the widest first.",
            data=labelled,
            name="sensitivity",
            note="Each input at its 5th and 95th percentile, all others at their centre. With all at their centre it is "
            f"{beside(centre, chosen)}: one reckoning from central inputs, where the answer is the median of "
            f"{chosen['n_draws']:,} draws in which inputs move together and not evenly.",
        )
    table(
        side_by_side(scenarios),
        title="The scenarios side by side",
        name="scenarios",
        is_wrapped=True,
        figures=scenarios,
        note=f"Medians, with the 90 % interval, of {chosen['n_draws']:,} draws each. Cautious: every assumption set against the "
        "program. Significant: only effects that can be told from chance count.",
    )
    if not moving.is_empty():
        _by_hand(publication, chosen, inputs, moving)


def _by_hand(publication: Publication, chosen: dict[str, Any], inputs: pl.DataFrame, moving: pl.DataFrame) -> None:
    """Sliders over the inputs that matter most, and the net present value that they give."""
    if not is_published(publication, "delivery.fct_program_volumes"):
        not_available("Trying other assumptions", "this publication is older than it")
        return
    with st.container(border=True):
        st.subheader("Try other assumptions", anchor=False)
        moved = {}
        for start in range(0, len(moving), 2):
            for column, row in zip(st.columns(2), moving[start : start + 2].iter_rows(named=True), strict=False):
                with column:
                    moved[row["assumption"]] = _slider(chosen["scenario"], row)
        _result(publication, chosen, inputs, moved)


def _slider(scenario: str, row: dict[str, Any]) -> float:
    """One input, from well below to well above the range that it is drawn from. Not Streamlit's slider of numbers, which writes a
    hyphen for a minus."""
    is_share = row["unit"].startswith("share")
    low, high = min(row["low"], row["central"], row["high"]), max(row["low"], row["central"], row["high"])
    room = (high - low) / 2
    low, high = low - room, high + room
    if row["source"] != "effect":
        low, high = max(low, 0.0), min(high, 1.0) if is_share else high
    places = [low + (high - low) * place / STEPS for place in range(STEPS + 1)]
    # Of two places that are written alike one is offered. The ends that the tornado has are among them, and the slider begins at
    # the input as it is.
    written = {_written(value, row, is_share): value for value in (*places, row["low"], row["high"], row["central"])}
    return st.select_slider(
        plain(row["assumption"]),
        sorted(written.values()),
        value=row["central"],
        format_func=lambda value: _written(value, row, is_share),
        key=f"lever_{scenario}_{row['assumption']}",
        help=row["basis"],
    )


def _written(value: float, row: dict[str, Any], is_share: bool) -> str:
    """A value of an input, with two digits: a slider's places are nearer to each other than pages' one digit tells."""
    if is_share:
        return signs_in(f"{value * 100:,.2f} {'pts' if row['source'] == 'effect' else '%'}")
    return signs_in(f"{value:,.2f} {row['unit'].replace('usd', 'dollars')}")


def _result(publication: Publication, chosen: dict[str, Any], inputs: pl.DataFrame, moved: dict[str, float]) -> None:
    centre = dict(inputs.select("assumption", "central").iter_rows())
    changed = {name: value for name, value in moved.items() if value != centre[name]}
    if not changed:
        say("Move a slider: the net present value is worked out again at once, with everything else at its centre.")
        return
    # SciPy takes a second to import, and most who open the page move nothing.
    import numpy as np

    from ml.roi.sensitivity import net_present_values
    from ml.roi.volumes import Volumes

    volumes = Volumes.from_table(
        chosen["starts_on"], chosen["observed_months"], ask(publication, _VOLUMES, (chosen["program_name"], chosen["scenario"]))
    )
    worth, before = (
        float(net_present_values({name: np.array([[value]]) for name, value in values.items()}, volumes)[0])
        for values in (centre | changed, centre)
    )
    say(
        f"**Net present value {amount(worth, 'usd')}** instead of {amount(before, 'usd')} ({difference(worth, before, 'usd')}): "
        f"{'it pays' if worth > 0 else 'it does not pay'}. Both with all other inputs at their centre. "
        f"Changed: {as_plain_markdown(', '.join(map(named, changed)))}."
    )
    written = [f"{name} = {value:.4g}" for name, value in changed.items() if not name.startswith("effect:")]
    if written:
        st.caption(
            dollars(
                "To keep them: a file in the folder `scenarios` beside `practice.toml`; an effect is measured, and not written."
            )
        )
        st.code("\n".join(['name = "ours"', 'title = "Our own assumptions"', "", "[assumptions]", *written]), language="toml")
