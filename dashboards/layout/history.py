"""The browser's history has one entry a page, with its filters: *Back* leads to the page before, as it was left.

Streamlit adds an entry each time that it writes a parameter into the address: one for each filter that a page takes over, and
one where it clears the address of the page that is left. On which of the two pages these fall depends on which message comes
first, so *Back* led to the same page without its filters, or to another one. And going back to a page, Streamlit drops the
parameters that the page shares with the one it comes from.
"""

from urllib.parse import parse_qs

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

SCRIPT = """
<i id="one-entry-a-page" hidden></i>
<script>
if (!window.oneEntryAPage) {
  window.oneEntryAPage = true;
  const links = 'a[data-testid="stSidebarNavLink"], [data-testid="stPageLink"] a';
  const push = history.pushState, replace = history.replaceState;
  let left = null;
  document.addEventListener("click", function (event) { left = event.target.closest(links) ? location.href : null; }, true);
  history.pushState = function (state, title, address) {
    if (new URL(address, location.href).pathname === location.pathname) return replace.call(history, state, title, address);
    if (left && new URL(left).pathname === location.pathname) replace.call(history, history.state, "", left);
    left = null;
    return push.call(history, state, title, address);
  };
}
</script>
"""


def keep_history() -> None:
    """Before the page is drawn: one entry of the browser's history a page, and on the way back the parameters of its address."""
    st.html(SCRIPT, unsafe_allow_javascript=True)
    run = get_script_run_ctx()
    if run is not None and run.is_history_navigation:
        st.query_params.from_dict(parse_qs(run.query_string, keep_blank_values=True))
        with run.session_state.query_params() as parameters:
            parameters.set_initial_query_params_from_current()
