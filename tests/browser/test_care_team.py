"""A care team signed in at a real provider: what counts as activity, what stays within a site, and what never leaves the page."""

import time
from pathlib import Path

import pytest

from dashboards.access.roles import PAGES
from pipelines.sql.connection import open_file
from tests.browser.conftest import SERVER_LOG, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PATIENTS = """
    select mrn, phone, email, last_name || ', ' || first_name, first_name || ' ' || last_name, location_name
    from marts.dim_patients
    left join marts.dim_locations on home_location_key = location_key
"""


@pytest.fixture(scope="module")
def patients(sample_warehouse: Path) -> list[tuple[set[str], str | None]]:
    """Of every patient of the sample what names them, and the name of their home site."""
    with open_file(sample_warehouse, read_only=True) as connection:
        rows = connection.execute(PATIENTS).fetchall()
    return [({text for text in row[:5] if text}, row[5]) for row in rows]


@pytest.fixture(scope="module")
def clinicians(sample_warehouse: Path) -> set[str]:
    """The names of all clinicians, which every team may see; a patient of another site may have the same."""
    with open_file(sample_warehouse, read_only=True) as connection:
        return {name for (name,) in connection.execute("select provider_name from marts.dim_providers").fetchall()}


def open_first_profile(page) -> None:
    """From Outreach, on which a care team opens."""
    page.locator("h1", has_text="Outreach").wait_for()
    page.locator(".st-key-outreach_rows").get_by_role("button").first.click()
    page.get_by_role("dialog").get_by_text("How to reach them").wait_for()


def test_work_in_a_profile_prevents_log_off_and_inactivity_does_not(chromium, guarded):
    """A profile is drawn without the front door. 24 seconds of idleness end a sign-in here; the page's own clock ticks on."""
    address, _ = guarded(0.4)
    context = chromium.new_context(viewport={"width": 1440, "height": 1000})
    page = sign_in(context, address, "bo")
    open_first_profile(page)
    began = time.monotonic()
    pills = ("No answer", "Reached")
    while time.monotonic() - began < 40:
        for pill in pills:
            page.get_by_role("dialog").get_by_role("radio", name=pill).click()
            page.wait_for_timeout(6000)
    assert page.get_by_role("dialog").is_visible()
    page.get_by_text("You were logged off").wait_for()
    assert page.get_by_role("dialog").count() == 0
    context.close()


def test_nothing_of_another_site_reaches_the_browser_whatever_is_asked_for(chromium, guarded, patients, clinicians, own_site):
    address, _ = guarded(15)
    elsewhere = sorted({site for _, site in patients if site and site != own_site[1]})
    leader = chromium.new_context()
    seen_by_all = sign_in(leader, address, "ann")  # what leadership saw is in the caches
    seen_by_all.goto(f"{address}/care_gaps")
    seen_by_all.get_by_test_id("stMetric").first.wait_for()
    leader.close()

    context = chromium.new_context(viewport={"width": 1440, "height": 1000})
    received: list[bytes] = []

    def listen(socket) -> None:
        socket.on("framereceived", lambda frame: received.append(frame if isinstance(frame, bytes) else frame.encode()))

    page = sign_in(context, address, "bo")
    page.on("websocket", listen)
    for shown in PAGES:
        for asked in (
            "",
            f"?site={elsewhere[0]}&viewer_role=admin&viewer_sites={elsewhere[0]}&view=Find+a+patient&beyond=true&rows=true",
            "?view=Left+out&state=Both&viewer_role=analyst_phi",
        ):
            page.goto(f"{address}/{shown.name}{asked}")
            page.get_by_test_id("stMain").locator("h1").or_(page.get_by_text("Page not found")).first.wait_for()
            page.wait_for_timeout(700)
    page.goto(f"{address}/outreach?view=Find+a+patient")
    for words in ("a", "e", "%", "M0"):
        page.get_by_label("Find a patient of your sites").fill(words)
        page.keyboard.press("Enter")
        page.wait_for_timeout(1000)
    context.close()
    observed = b"".join(received)
    own = [names for names, site in patients if site == own_site[1]]
    others = [names for names, site in patients if site != own_site[1]]
    assert any(name.encode() in observed for names in own for name in names), "the listener heard nothing"
    shared = clinicians.union(*own)
    assert not [name for names in others for name in names - shared if name.encode() in observed]
    assert not [site for site in elsewhere if site.encode() in observed.replace(f"?site={elsewhere[0]}".encode(), b"")]


def test_no_patient_is_named_in_an_address_a_title_a_log_or_an_error(chromium, guarded, patients):
    from playwright.sync_api import expect

    address, home = guarded(15)
    context = chromium.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    observed: list[str] = []
    page = sign_in(context, address, "bo")
    for name in ("request", "framenavigated"):
        page.on(name, lambda event: observed.append(event.url))
    page.on("console", lambda message: observed.append(message.text))
    first = page.locator(".st-key-outreach_rows").get_by_role("button").first.inner_text().partition(". ")[2]
    open_first_profile(page)
    observed.append(page.title())
    page.get_by_role("dialog").get_by_role("radio", name="Reached").click()
    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_text(f"Recorded for {first}: Reached.").wait_for()
    somebody = sorted(patients[0][0])
    # The next patient's profile is open: a key that comes earlier closes the first alone.
    expect(page.get_by_role("dialog").get_by_role("heading", name=first)).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    page.get_by_text("Search, filter, or show more").click()
    page.get_by_label("Search").first.fill(somebody[0])
    page.keyboard.press("Enter")
    page.wait_for_timeout(1500)
    page.get_by_label("Search").first.fill("")
    page.keyboard.press("Enter")
    page.wait_for_timeout(1500)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").first.click()
    observed += [download.value.suggested_filename, page.title(), page.url]
    context.close()

    context = chromium.new_context()
    page = sign_in(context, address, "di")
    page.on("framenavigated", lambda frame: observed.append(frame.url))
    page.goto(f"{address}/sql")
    page.get_by_text("With patient data").click()
    for query in (
        "select cast(last_name as integer) from marts.dim_patients",
        "select error(mrn || last_name) from marts.dim_patients",
        "select last_name::date, phone::integer from marts.dim_patients",
        f"select '{somebody[-1]}' from marts.no_such_table",
    ):
        page.get_by_label("Query", exact=True).fill(query)
        page.get_by_role("button", name="Run").click()
        page.get_by_test_id("stAlert").last.wait_for()
        page.wait_for_timeout(1500)
        observed.append(page.get_by_test_id("stAlert").last.inner_text())
    observed += [page.title(), page.url]
    context.close()

    written = [(home / SERVER_LOG).read_text(errors="replace")]
    written += [path.read_text() for path in (home / "audit").iterdir()]
    text = "\n".join(observed + written)
    assert not [name for names, _ in patients for name in names if name in text]
    assert "Traceback" not in written[0]
