"""Identifies the viewer.

With `access.toml`, the identity provider says who it is, and that file which role they have. Without it, only this machine
has access, and only to synthetic patients.
"""

import ipaddress
import time
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from dashboards.access.access_file import AccessFile, AccessRefused, read_access
from dashboards.access.audit_log import record
from dashboards.access.break_glass import end_glass
from dashboards.access.roles import ROLES, Viewer, admit, current_viewer
from dashboards.access.sessions import SESSIONS, sign_in_id
from dashboards.figures.languages import _, offer_languages
from dashboards.figures.wording import as_plain_markdown
from dashboards.home import home
from dashboards.server.provider import PROVIDER, userinfo
from dashboards.store.published import NothingPublished, current_publication, site_names
from models.settings.access import LOOPBACK

LOCAL_USER = "local"
ROLE_KEY, SITES_KEY, GLASS_KEY = "viewer_role", "viewer_sites", "viewer_glass"
PROXY_HEADERS = {"forwarded", "x-forwarded-for", "x-real-ip"}
WATCH_SECONDS = 10
WARN_SECONDS = 60


def let_in() -> None:
    """Admit the viewer of this session, or show the reason for refusal and end the run."""
    admit(None)
    try:
        access = read_access(home())
    except AccessRefused as why:
        _refuse(str(why))
    if access:
        _admit_signed_in(access)
        _offer_languages(current_viewer())
    else:
        admit(replace(_local(), address=_address(), session="no sign-in"))


def _offer_languages(viewer: Viewer) -> None:
    if viewer.may_open("outreach"):
        offer_languages()


def _admit_signed_in(access: AccessFile) -> None:
    """Admit the viewer with a valid sign-in; otherwise show the sign-in page."""
    if not st.user.is_logged_in:
        _ask_to_sign_in()
    claims, now = dict(st.user), time.time()
    if why := ended_because(access, claims, now):
        if SESSIONS.end(claims, now, why):
            gone = _seen(access.viewer(claims), claims)
            record("logged_off", subject=why, viewer=gone)
            end_glass(gone, "signed_out")
        _ask_to_sign_in(f"You were logged off: the sign-in no longer counts, because {why}.")
    current = SESSIONS.claims_now(claims)
    viewer, is_new = access.viewer(current), SESSIONS.begin(claims, now)
    if viewer is None:
        why = access.why_refused(current)
        if is_new:
            record("refused", subject=why, viewer=_seen(None, claims))
        _leave_button()
        _refuse(f"You are signed in, but {why}.")
    viewer = _seen(viewer, claims)
    if is_new:
        record("signed_in", viewer=viewer)
    if not viewer.may_break_glass:
        end_glass(viewer, "rights")
    with st.sidebar:
        st.caption(f"{ROLES[viewer.role].title} · {as_plain_markdown(viewer.label)}")
        _leave_button()
        _watch(viewer)
    admit(viewer, has_ended=lambda: _is_other(viewer, claims))


def ended_because(access: AccessFile, claims: dict[str, Any], now: float) -> str:
    """Why the sign-in is no longer valid; empty if it is. Asks the provider again if its last confirmation is too old."""
    SESSIONS.idle_seconds, SESSIONS.absolute_seconds = access.sign_in.idle_minutes * 60, access.sign_in.absolute_hours * 3600
    SESSIONS.recheck_seconds = access.sign_in.recheck_minutes * 60
    if why := SESSIONS.ended_because(claims, now):
        return why
    if SESSIONS.is_to_be_confirmed(claims, now):
        confirmed = userinfo(access, _access_token())
        if confirmed.get("sub") != claims.get("sub") or access.sign_in.role_claim not in confirmed:
            return "the identity provider did not confirm it"
        SESSIONS.confirm(claims, confirmed, now)
    return ""


def _is_other(viewer: Viewer, claims: dict[str, Any]) -> bool:
    """Whether the sign-in has ended or the person's rights have changed; access.toml is read again."""
    try:
        access = read_access(home())
    except AccessRefused:
        return True
    if access is None or ended_because(access, claims, time.time()):
        return True
    return access.viewer(SESSIONS.claims_now(claims)) != viewer


def _access_token() -> str:
    tokens: Any = st.user.get("tokens") or {}
    return tokens.get("access") or ""


def _seen(viewer: Viewer | None, claims: dict[str, Any]) -> Viewer:
    """The viewer with address and session, for the audit log; without a role, only the `sub`."""
    who = viewer or Viewer(str(claims.get("sub") or "nobody"), "")
    return replace(who, address=_address(), session=sign_in_id(claims)[:12])


def _address() -> str:
    """The address for the audit log: the peer's own, and behind it the one that a proxy forwarded."""
    forwarded = st.context.headers.get("X-Forwarded-For", "")[:100]
    seen = st.context.ip_address or "this machine"
    return f"{seen} for {forwarded}" if forwarded else str(seen)


@st.fragment(run_every=WATCH_SECONDS)
def _watch(viewer: Viewer) -> None:
    """Checks for inactivity on a timer and clears the screen at the limit; the check itself is no activity."""
    claims = dict(st.user)
    if not claims.get("is_logged_in") or _is_other(viewer, claims):
        st.rerun(scope="app")
    left = SESSIONS.seconds_left(claims, time.time())
    if left < min(WARN_SECONDS, SESSIONS.idle_seconds / 2):
        st.warning(f"You will be logged off in {left:.0f} seconds.", icon=":material/timer:")


def _leave_button() -> None:
    """The server ends the sign-in and records it (`hardening.py`)."""
    if st.button(_("Sign out"), icon=":material/logout:", key="sign_out"):
        st.logout()
        st.stop()


def _ask_to_sign_in(why: str = "") -> None:
    st.title("Caregap")
    if why:
        st.warning(why, icon=":material/lock_clock:")
    st.write("Sign in with your practice's account to go on.")
    if st.button("Sign in", icon=":material/login:", type="primary", key="sign_in"):
        st.login(PROVIDER)
    st.stop()


def _local() -> Viewer:
    """The role chosen in the sidebar; only for a synthetic practice on loopback."""
    if not _is_on_this_machine():
        _refuse("Without sign-in the dashboards answer on this machine only. Set up sign-in: see docs/operators.md.")
    try:
        publication = current_publication()
    except NothingPublished:
        return Viewer(LOCAL_USER, next(iter(ROLES)))
    if not publication.is_synthetic:
        _refuse("These are real patients: the dashboards show them only after sign-in. Set it up: see docs/operators.md.")
    # The role decides on a choice of language, and the language on the words around the role.
    with st.sidebar:
        above, roles, below = st.container(), st.container(), st.container()
    with roles:
        role = st.selectbox(
            "Role",
            list(ROLES),
            index=list(ROLES).index(_wanted_role()),
            format_func=lambda name: ROLES[name].title,
            key=ROLE_KEY,
            label_visibility="collapsed",
        )
    _offer_languages(Viewer(LOCAL_USER, role))
    with above:
        st.info(_("No sign-in is set up: synthetic patients, this machine only. View as:"), icon=":material/lock_open:")
    with below:
        may_break_glass = st.toggle(_("With break-glass"), st.query_params.get(GLASS_KEY) == "true", key=GLASS_KEY)
        if not ROLES[role].is_of_sites:
            return Viewer(LOCAL_USER, role, (), may_break_glass)
        names = site_names(publication)
        chosen = st.multiselect(_("Sites"), list(names), default=list(names)[:1], format_func=names.__getitem__, key=SITES_KEY)
    return Viewer(LOCAL_USER, role, tuple(chosen), may_break_glass)


def _wanted_role() -> str:
    """The role to begin with: the one in the address, else the first that may open the page of the address."""
    named = st.query_params.get(ROLE_KEY, "")
    if named in ROLES:
        return named
    page = urlsplit(st.context.url or "").path.rpartition("/")[2]
    return next((role for role in ROLES if Viewer(LOCAL_USER, role).may_open(page)), next(iter(ROLES)))


def _is_on_this_machine() -> bool:
    """Whether the server listens on loopback and the request is not from a proxy."""
    if {name.lower() for name in st.context.headers} & PROXY_HEADERS:
        return False
    host = (st.context.headers.get("Host") or "localhost").rsplit(":", 1)[0]
    names = (host, st.get_option("server.address"), st.context.ip_address)
    return all(_is_loopback(name) for name in names if isinstance(name, str))


def _is_loopback(name: str) -> bool:
    name = name.strip("[]")
    if name in LOOPBACK:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _refuse(why: str) -> None:
    st.title("Caregap")
    st.error(why, icon=":material/lock:")
    st.stop()
