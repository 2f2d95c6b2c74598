"""Who is at the door. Without a configured sign-in there is none to ask, so nobody is let in but on this very machine, and
to look at synthetic patients only."""

import ipaddress

import streamlit as st

from dashboards.access import CARE_TEAM, LEADERSHIP, ROLES, Viewer, admit
from dashboards.data import NothingPublished, current_publication, site_names

LOCAL_USER = "local"
ROLE_KEY = "viewer_role"
SITES_KEY = "viewer_sites"


def let_in() -> None:
    """Admit the viewer of this session, or draw why not and end the run."""
    viewer = _local_viewer()
    admit(viewer)


def _local_viewer() -> Viewer:
    """Whichever role the sidebar says; the practice is synthetic, and the page on loopback."""
    if not _is_on_this_machine():
        _refuse("Without sign-in the dashboards answer on this machine only. Set up sign-in: docs/operators.md says how.")
    try:
        publication = current_publication()
    except NothingPublished:
        return Viewer(LOCAL_USER, LEADERSHIP)
    if not publication.is_synthetic:
        _refuse("These are real patients: the dashboards show them after sign-in only. docs/operators.md says how to set it up.")
    with st.sidebar:
        st.caption("No sign-in is set up: synthetic practice, this machine only. Look at it as:")
        wanted = st.query_params.get(ROLE_KEY)
        role = st.selectbox(
            "Role",
            list(ROLES),
            index=list(ROLES).index(wanted) if wanted in ROLES else 0,
            format_func=lambda name: ROLES[name].title,
            key=ROLE_KEY,
            label_visibility="collapsed",
        )
        if not ROLES[role].is_of_sites:
            return Viewer(LOCAL_USER, role)
        names = site_names(publication)
        chosen = st.multiselect("Sites", list(names), default=list(names)[:1], format_func=names.get, key=SITES_KEY)
    return Viewer(LOCAL_USER, CARE_TEAM, tuple(chosen))


def _is_on_this_machine() -> bool:
    """The server listens on loopback, and what asks is no proxy that stands there for somebody else."""
    headers = {name.lower() for name in st.context.headers}
    if headers & {"forwarded", "x-forwarded-for", "x-real-ip"}:
        return False
    host = (st.context.headers.get("Host") or "localhost").rsplit(":", 1)[0]
    names = (host, st.get_option("server.address"), st.context.ip_address)
    return all(_is_loopback(name) for name in names if isinstance(name, str))


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _refuse(why: str) -> None:
    admit(None)
    st.title("Caregap")
    st.error(why, icon=":material/lock:")
    st.stop()
