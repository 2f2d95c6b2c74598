"""Defines who may see what: the roles, their pages, and their scope of data.

Anything not listed here is refused. A page that a role may not open is absent from the navigation, and its address leads
nowhere; a table, a column or a row that it may not see is absent from every answer (`dashboards/store/scope.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import streamlit as st


class Sight(StrEnum):
    """How much of a patient a role sees."""

    FULL = "full"
    """Everything that is published."""
    LIMITED = "limited"
    """No direct identifier: the limited data set that 45 CFR 164.514(e) allows for a practice's own operations."""
    DEIDENTIFIED = "deidentified"
    """The file written after 45 CFR 164.514(b)(2): rows of persons with years for dates; no sites, no clinicians, no counts."""


@dataclass(frozen=True)
class Role:
    """A role; with `is_of_sites` it sees only the rows of its own sites.

    `sees_restricted`: it sees results of the measures that tell of HIV, substance use or the risk of suicide. 42 CFR 2.13
    allows no more use of such records than a purpose needs: here, to report the measures and to answer for them.
    """

    title: str
    sight: Sight
    is_of_sites: bool = False
    sees_restricted: bool = False


LEADERSHIP, ANALYST, ANALYST_PHI, CARE_TEAM, ADMIN = "leadership", "analyst", "analyst_phi", "care_team", "admin"
STEWARD = "steward"

ROLES = {
    LEADERSHIP: Role("Leadership", Sight.LIMITED, sees_restricted=True),
    ANALYST: Role("Analyst", Sight.DEIDENTIFIED),
    ANALYST_PHI: Role("Analyst with patient data", Sight.FULL, sees_restricted=True),
    CARE_TEAM: Role("Care team", Sight.FULL, is_of_sites=True),
    STEWARD: Role("Data steward", Sight.FULL),
    ADMIN: Role("Administrator", Sight.LIMITED),
}


@dataclass(frozen=True)
class Page:
    """A page: the file `app_pages/<name>.py`, its words in the navigation, and the roles that may open it."""

    name: str
    title: str
    icon: str
    roles: frozenset[str]


_LEADING = frozenset({LEADERSHIP, ANALYST_PHI, ADMIN})
_EVERYONE = frozenset(ROLES)
_SEE_DELIVERIES = _EVERYONE - {ANALYST}

PAGES = (
    Page("overview", "Overview", ":material/dashboard:", _LEADING),
    Page("kpi_explorer", "KPI explorer", ":material/monitoring:", _LEADING),
    Page("outreach", "Outreach", ":material/call:", frozenset({CARE_TEAM})),
    Page("campaigns", "Campaigns", ":material/campaign:", frozenset({LEADERSHIP, CARE_TEAM})),
    Page("care_gaps", "Care gaps", ":material/checklist:", _LEADING | {CARE_TEAM}),
    Page("appointments", "Appointments", ":material/event_available:", _LEADING),
    Page("retention", "Retention", ":material/group_add:", _LEADING),
    Page("revenue", "Revenue cycle", ":material/payments:", _LEADING),
    Page("roi", "Return on investment", ":material/trending_up:", _LEADING),
    Page("model", "Risk model", ":material/psychology:", _LEADING),
    Page("sql", "SQL", ":material/terminal:", frozenset({ANALYST, ANALYST_PHI})),
    Page("identities", "Identities", ":material/join:", frozenset({STEWARD})),
    Page("connections", "Connections", ":material/sync_alt:", frozenset({LEADERSHIP, STEWARD, ADMIN})),
    Page("catalog", "Catalog", ":material/menu_book:", _EVERYONE),
    Page("alerts", "Alerts", ":material/notifications:", _EVERYONE - {ANALYST, CARE_TEAM}),
    Page("data_health", "Data health", ":material/health_and_safety:", _SEE_DELIVERIES),
    Page("audit", "Audit log", ":material/policy:", frozenset({ADMIN})),
)
"""The pages of roles, in navigation order; a role starts on the first page that it may open."""

BREAK_GLASS = "break_glass"
EVERY_PAGE = (*PAGES, Page(BREAK_GLASS, "Break-glass", ":material/e911_emergency:", frozenset()))
"""With the page that no role opens: the right to it stands beside the roles."""

_APPROVE_PUSHES = frozenset({STEWARD, ADMIN})
"""Who lets a plan go out to a connected system."""


@dataclass(frozen=True)
class Viewer:
    """The person signed in: the identity provider's id, a role, and the sites (`location_id`) that a role of sites has.

    `may_break_glass`: whether they may open one patient in an emergency (`dashboards/access/break_glass.py`). `name` is what
    people call the person, such as an e-mail address: it may change, and decides nothing. `address` and `session` say from
    where, for the audit log.
    """

    user_id: str
    role: str
    sites: tuple[str, ...] = ()
    may_break_glass: bool = False
    name: str = field(default="", compare=False)
    address: str = field(default="", compare=False)
    session: str = field(default="", compare=False)

    @property
    def label(self) -> str:
        """The display name, or the id without one."""
        return self.name or self.user_id

    @property
    def sight(self) -> Sight:
        return ROLES[self.role].sight

    @property
    def may_see_patients(self) -> bool:
        """Whether pages may name patients and list the rows behind a number."""
        return self.sight is Sight.FULL

    @property
    def may_see_whole_practice(self) -> bool:
        """Whether the viewer may see totals over all sites, as in the board report."""
        return self.sight is not Sight.DEIDENTIFIED and not ROLES[self.role].is_of_sites

    @property
    def may_approve_pushes(self) -> bool:
        return self.role in _APPROVE_PUSHES

    def may_open(self, page: str) -> bool:
        if page == BREAK_GLASS:
            return self.may_break_glass
        return any(page == known.name and self.role in known.roles for known in PAGES)


_ADMITTED = "_admitted"


def current_viewer() -> Viewer:
    """The current viewer. If nobody is signed in any more, the run ends and the sign-in page is shown.

    Page fragments run without the entry script, so the sign-in is checked here again.
    """
    viewer, has_ended = st.session_state.get(_ADMITTED, (None, None))
    if viewer is None:
        st.stop()
    if has_ended():
        st.rerun(scope="app")
        # A widget's callback runs before the sign-in check and cannot restart the page; it must stop too.
        raise PermissionError("The sign-in has ended.")
    return viewer


def still_admitted() -> Callable[[], bool]:
    """Whether today's viewer is still one later: for what the browser fetches when no page runs."""
    _, has_ended = st.session_state[_ADMITTED]
    return lambda: not has_ended()


def admit(viewer: Viewer | None, has_ended: Callable[[], bool] = lambda: False) -> None:
    """Assign this session to the viewer until `has_ended` returns true; None: to nobody."""
    st.session_state[_ADMITTED] = (viewer, has_ended)
