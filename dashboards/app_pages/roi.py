"""Whether the program paid off: the answer, its evidence, the money by year, what would change it, and the methods."""

import polars as pl
import streamlit as st

from dashboards.figures.wording import plain
from dashboards.kpis.claims import LEGEND, against_claims, behind_claims, claims
from dashboards.layout.address import say_unknown
from dashboards.layout.exhibits import section, table
from dashboards.layout.page import current_sheet, is_published, not_available, open_page
from dashboards.program.answer import answer, returns
from dashboards.program.evidence import evidence
from dashboards.program.levers import levers
from dashboards.program.methods import baselines, designs, lines
from dashboards.program.money import money, values
from dashboards.store.published import Publication, ask


def _worth(publication: Publication, program: str, scenarios: pl.DataFrame) -> None:
    """The answer under the chosen scenario, and all that it rests on."""
    names = scenarios["scenario"].to_list()
    chosen_name = names[0]
    if len(names) > 1:
        say_unknown("scenario", names, plain)
        chosen_name = (
            st.segmented_control("Scenario", names, default=names[0], key="scenario", bind="query-params", format_func=plain)
            or names[0]
        )
    current_sheet().filters = f"{plain(chosen_name)} scenario"
    chosen = scenarios.filter(pl.col("scenario") == chosen_name).row(0, named=True)
    lines_of_value = values(publication, chosen)
    answer(chosen)
    section("How good the evidence is")
    evidence(publication, program)
    section("The money by year")
    money(publication, chosen, lines_of_value)
    section("What would change the answer")
    levers(publication, chosen, scenarios)
    _board(publication, program)
    section("Methods")
    lines(lines_of_value)


def _board(publication: Publication, program: str | None) -> None:
    section("Vendor claims, beside this practice's results")
    claimed = claims(publication, program)
    if claimed is None:
        not_available("The claims", "this publication is older than their comparison")
        return
    # Two tables: one with all columns was wider than a wide screen.
    table(
        against_claims(claimed),
        title="What vendors commonly claim, and what is found here",
        name="board_claims",
        note=LEGEND,
        is_wrapped=True,
        figures=claimed,
    )
    table(
        behind_claims(claimed),
        title="Where each metric stands, and why nothing else is said of it",
        name="board_metrics_behind",
        is_wrapped=True,
        figures=claimed,
    )


publication = open_page(
    "Return on investment", "Whether the engagement program pays off, how sure that is, and what would change it."
)
programs = []
if is_published(publication, "delivery.fct_program_effects"):
    query = "select distinct program_name from delivery.fct_program_effects order by 1"
    programs = ask(publication, query)["program_name"].to_list()
if not programs:
    not_available("Effects and value", "the CRM delivered no program, or this publication is older than its estimates")
    _board(publication, None)
    section("Methods")
else:
    say_unknown("program", programs)
    program = programs[0] if len(programs) == 1 else st.selectbox("Program", programs, key="program", bind="query-params")
    scenarios = returns(publication, program)
    if scenarios.is_empty():
        not_available("The value of the program", "the CRM delivered no program costs to compare its effects with")
        section("How good the evidence is")
        evidence(publication, program)
        _board(publication, program)
        section("Methods")
    else:
        _worth(publication, program, scenarios)
    designs(publication, program)
baselines(publication)
