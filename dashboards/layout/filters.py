"""Filters in the URL: a link shows a colleague the same view, and the filters stay when the page changes.

Streamlit binds each of them to a query parameter of its name. Only names of months, sites, providers, payer classes and segments
get there: none says anything about a patient.
"""

from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboards.access.roles import ROLES, current_viewer
from dashboards.figures.languages import _
from dashboards.layout.address import say_unknown
from dashboards.layout.page import current_sheet
from dashboards.store.published import Publication, ask

EVERY = "All"
NAMED_SITES = 3
"""Of a viewer who is limited to some sites: how many are named where nothing is filtered."""
PERIODS = {"3 months": 3, "6 months": 6, "12 months": 12, "24 months": 24}
PAYER_NAMES = {
    "commercial": "Commercial",
    "medicare": "Medicare",
    "medicaid": "Medicaid",
    "self_pay": "Self-pay",
    "other": "Other payer",
    "unknown": "Payer unknown",
}
SEGMENT_NAMES = {
    "child": "Child",
    "child_chronic": "Child, chronic",
    "adult": "Adult",
    "adult_chronic": "Adult, chronic",
    "senior": "Senior",
    "senior_chronic": "Senior, chronic",
    "unknown": "Segment unknown",
}

_KEPT = "_filters_kept"
_SITES = "select location_key, coalesce(location_name, location_id) as name from marts.dim_locations order by name"
_PROVIDERS = """
    select provider_key, provider_name as name, location_key
    from marts.dim_providers
    where is_active
    order by name
"""


@dataclass(frozen=True)
class Filters:
    """The chosen filters; None or empty: no restriction. `months` is the length of the period."""

    months: int = 12
    location_key: int | None = None
    provider_key: int | None = None
    payer_class: str | None = None
    patient_segment: str | None = None
    names: dict[str, str] = field(default_factory=dict)
    unfiltered: str = "whole practice"

    def where(self, *columns: str) -> tuple[str, list[Any]]:
        """A condition over those of `location_key`, `provider_key`, `payer_class`, `patient_segment` that are named, and its
        parameters; `true` where nothing is chosen.
        """
        chosen = [(column, getattr(self, column)) for column in columns if getattr(self, column) is not None]
        return " and ".join(f"{column} = ?" for column, _ in chosen) or "true", [value for _, value in chosen]

    @property
    def said(self) -> str:
        """The filters in words, for titles and exports: `Lakeside, Medicare`; without any `whole practice`, for a care team the
        names of its sites."""
        return ", ".join(_(name) for name in self.names.values()) or _(self.unfiltered)


def filters(
    publication: Publication,
    *,
    period: bool = True,
    site: bool = True,
    provider: bool = False,
    payer: bool = False,
    segment: bool = False,
) -> Filters:
    """Draw the page's filters in one row and return the choices."""
    sites = {row["name"]: row["location_key"] for row in ask(publication, _SITES).iter_rows(named=True)}
    shown = [period, site and len(sites) > 1, provider, payer, segment]
    columns = iter(st.columns(max(sum(shown), 2)))
    months, location_key, names = 12, None, {}
    if period:
        choice = _chosen(next(columns), "Period", list(PERIODS), "period", index=2)
        months = PERIODS[choice]
    if site and len(sites) > 1:
        choice = _chosen(next(columns), "Site", [EVERY, *sites], "site")
        location_key = sites.get(choice)
        if location_key is not None:
            names["site"] = choice
    provider_key = payer_class = patient_segment = None
    if provider:
        people = {
            row["name"]: row["provider_key"]
            for row in ask(publication, _PROVIDERS).iter_rows(named=True)
            if location_key is None or row["location_key"] == location_key
        }
        choice = _chosen(next(columns), "Provider", [EVERY, *people], "provider")
        provider_key = people.get(choice)
        if provider_key is not None:
            names["provider"] = choice
    if payer:
        payer_class = _one_of(next(columns), "Payer", "payer", PAYER_NAMES, names)
    if segment:
        patient_segment = _one_of(next(columns), "Segment", "segment", SEGMENT_NAMES, names)
    own = ", ".join(sites) if len(sites) <= NAMED_SITES else "all your sites"
    unfiltered = own if ROLES[current_viewer().role].is_of_sites else "whole practice"
    return Filters(months, location_key, provider_key, payer_class, patient_segment, names, unfiltered)


def option_of(slice_type: str, key: str, name: str) -> tuple[str, str]:
    """The filter that shows one member of a dimension alone, and its choice: `payer_class`, `self_pay` → `payer`, Self-pay."""
    match slice_type:
        case "payer_class":
            return "payer", PAYER_NAMES.get(key, EVERY)
        case "patient_segment":
            return "segment", SEGMENT_NAMES.get(key, EVERY)
        case "location":
            return "site", name
        case _:
            return "provider", name


def _chosen(column: DeltaGenerator, label: str, options: list[str], key: str, index: int = 0) -> str:
    """A select box whose choice is in the URL, and which a page takes over, into its own URL too, from the page before.

    Streamlit keeps a choice (`persist_state`), but not one that has only ever stood in a link. When the browser goes back, its
    URL alone decides.
    """
    page, run = current_sheet().title, get_script_run_ctx()
    is_back = run is not None and run.is_history_navigation
    kept = st.session_state.setdefault(_KEPT, {})
    kept_on, choice = kept.get(key, (page, None))
    if kept_on != page and choice in options and choice != options[index] and key not in st.query_params and not is_back:
        st.query_params[key] = st.session_state[key] = choice
    say_unknown(key, options, _)
    choice = column.selectbox(
        _(label), options, index=index, format_func=_, key=key, bind="query-params", persist_state="session"
    )
    kept[key] = (page, choice)
    return choice


def _one_of(column: DeltaGenerator, label: str, key: str, options: dict[str, str], names: dict[str, str]) -> str | None:
    """A choice among codes, shown by name; None: all."""
    choice = _chosen(column, label, [EVERY, *options.values()], key)
    code = next((code for code, name in options.items() if name == choice), None)
    if code is not None:
        names[key] = choice
    return code
