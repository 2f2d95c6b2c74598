"""What the program changed: each outcome's effect with its interval, and the grade of evidence behind it."""

import polars as pl
import streamlit as st

from dashboards.figures.comparisons import intervals
from dashboards.layout.exhibits import figure, say, table
from dashboards.layout.page import not_available
from dashboards.store.published import Publication, ask
from models.wording import change, counted

GRADES = {
    "A": "A: randomised",
    "B": "B: sites that joined at different times",
    "C": "C: synthetic control or series",
    "D": "D: described, not caused",
    "none": "No causal number",
}
UNIT_NAMES = {"share": "percentage points", "usd": "dollars"}
_MARKS = "In brackets: the grade of evidence. Green, red: significant. Blue: not significant. Grey: a description, not an effect."
_EFFECTS = "select * from delivery.fct_program_effects where program_name = ? and is_chosen order by grade, outcome_name"


def evidence(publication: Publication, program: str) -> None:
    """Draw, for each outcome, the strongest design that the data allow: how many effects there are, each with its interval, and
    what may be said of it."""
    effects = ask(publication, _EFFECTS, (program,)).drop_nulls("estimate")
    if effects.is_empty():
        not_available("What the program changed", "no design found enough sites, months or patients to estimate from")
        return
    causal = effects.filter("is_causal")
    told = causal.filter("is_significant")
    names = ": " + ", ".join(told["outcome_name"]) if len(told) else ""
    say(
        f"**{len(told)} of {counted(len(causal), 'effect')} can be told from chance{names}.** "
        f"{counted(len(effects) - len(causal), 'outcome')} can only be described: grade D shows a change and no cause."
    )
    known = effects.drop_nulls("interval_low").with_columns(label=pl.col("outcome_name") + " (" + pl.col("grade") + ")")
    parts = sorted(known.partition_by("unit", as_dict=True).items(), key=lambda part: -len(part[1]))
    columns = [st.container(), *(column for _ in parts[1::2] for column in st.columns(2))]
    for column, ((unit,), rows) in zip(columns, parts, strict=False):
        with column:
            figure(
                intervals(
                    rows,
                    label="label",
                    estimate="estimate",
                    low="interval_low",
                    high="interval_high",
                    unit=unit,
                    is_causal="is_causal",
                    direction="direction",
                ),
                title=f"What changed, in {UNIT_NAMES.get(unit, unit)}",
                alt="Estimates with intervals. " + " ".join(rows["statement"].to_list()),
                data=rows,
                name=f"effects_{unit}",
                note=_MARKS if len(rows) == max(len(part) for _, part in parts) else "",
            )
    table(
        pl.DataFrame(
            [
                {
                    "Outcome": row["outcome_name"],
                    "Effect": change(row["estimate"], row["unit"]),
                    "95 % interval": f"{change(row['interval_low'], row['unit'])} to {change(row['interval_high'], row['unit'])}"
                    if row["interval_low"] is not None
                    else "not known",
                    "Grade of evidence": GRADES.get(row["grade"], row["grade"]),
                    "What may be said": row["statement"],
                }
                for row in effects.iter_rows(named=True)
            ]
        ),
        title="What may be said of each outcome",
        name="effects",
        is_wrapped=True,
        figures=effects,
        note="Each outcome's design, what was checked of it, and the designs that gave no number: below, under Methods.",
    )
