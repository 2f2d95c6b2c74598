"""The dashboard pages on the current publication in `$CAREGAP_HOME`: server time with cold and warm caches.

Cold: no cached results, no open database, all modules imported. The baseline is a page that runs `select 1` through the same
connection, so the ratio is a page's cost beyond that of any page.
`--scale` has no effect: publish a larger practice to measure one.
"""

import logging
import statistics
import time
from collections.abc import Callable
from functools import partial

import streamlit as st
from streamlit.testing.v1 import AppTest

from benchmarks.result import Result
from dashboards.access.roles import PAGES, ROLES
from dashboards.home import home
from pipelines.home import CHECKOUT

ROUNDS = 3
APP = str(CHECKOUT / "dashboards" / "streamlit_app.py")


def run(scale: int) -> list[Result]:
    """Cold and warm seconds of each page, and both as ratios to `select 1`."""
    if not (home() / "published" / "current").exists():
        return [Result("nothing is published", 0, "pages", note="run `make run` first, or set CAREGAP_HOME")]
    logging.getLogger("streamlit").setLevel(logging.ERROR)  # else it warns in each run that no server runs
    st.config.set_option("runner.magicEnabled", False)  # as the server has it
    one = _seconds(lambda: AppTest.from_function(_select_one, default_timeout=120))
    results = [Result("select 1, cold", one[0], "s"), Result("select 1, warm", one[1], "s")]
    for page in PAGES:
        if not (CHECKOUT / "dashboards" / "app_pages" / f"{page.name}.py").exists():
            continue
        role = next(role for role in ROLES if role in page.roles)
        cold, warm = _seconds(partial(_app, page.name, role))
        results.append(Result(f"{page.name}, cold", cold, "s", "< 1", f"{cold / one[0]:.1f} × select 1"))
        results.append(Result(f"{page.name}, warm", warm, "s", "< 0.2", f"{warm / one[1]:.1f} × select 1"))
    return results


def _app(page: str, role: str) -> AppTest:
    test = AppTest.from_file(APP, default_timeout=120)
    test.session_state["viewer_role"] = role
    return test.switch_page(f"app_pages/{page}.py")


def _seconds(make: Callable[[], AppTest]) -> tuple[float, float]:
    """Median seconds of a run with empty caches, and of the run after it.

    The first run of a session is not counted: it imports, and AppTest then reads what is said of every installed package, which
    takes longer than most pages and no server does.
    """
    test = make()
    test.run()
    cold: list[float] = []
    warm: list[float] = []
    for _ in range(ROUNDS):
        st.cache_data.clear()
        st.cache_resource.clear()
        for taken in (cold, warm):
            began = time.perf_counter()
            test.run()
            taken.append(time.perf_counter() - began)
            if test.exception:
                raise RuntimeError(test.exception[0].message)
    return statistics.median(cold), statistics.median(warm)


def _select_one() -> None:
    from dashboards.server.sign_in import let_in
    from dashboards.store.published import ask, current_publication

    let_in()
    ask(current_publication(), "select 1")
