"""Signing in with a real OpenID Connect provider that runs here, in a real browser: roles, signing out, idleness, attacks."""

import pytest

from models.audit_log.store import audit_log
from tests.browser.conftest import sign_in

pytestmark = pytest.mark.browser
ATTACKS = (
    "<img src=x onerror=alert(1)>",
    "'; drop table marts.dim_kpis; --",
    "{{7*7}}${7*7}",
    "=cmd|' /C calc'!A0",
    "../../etc/passwd",
)


def test_nothing_is_shown_before_signing_in_and_the_role_s_pages_after_it(chromium, guarded):
    address, home = guarded(15)
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{address}/sql")
    page.get_by_role("button", name="Sign in").wait_for()
    assert page.get_by_test_id("stMetric").count() == 0
    assert page.get_by_test_id("stSidebarNav").count() == 0
    page = sign_in(context, address, "ann")
    page.get_by_test_id("stMetric").first.wait_for()
    navigation = page.get_by_test_id("stSidebarNav").inner_text()
    assert "Overview" in navigation
    assert not {"SQL", "Outreach", "Audit log"} & set(navigation.splitlines())
    assert all(cookie["httpOnly"] and cookie["expires"] == -1 for cookie in context.cookies() if "user" in cookie["name"])
    assert [line["event"] for line in audit_log(home).entries()][-1] == "signed_in"
    context.close()


def test_a_page_of_another_role_is_not_there_at_its_address(chromium, guarded):
    address, _ = guarded(15)
    context = chromium.new_context()
    page = sign_in(context, address, "ann")
    page.goto(f"{address}/audit")
    page.get_by_text("Page not found").wait_for()
    assert page.get_by_text("The log is intact").count() == 0
    context.close()


def test_a_person_without_a_role_gets_a_message_and_sees_nothing(chromium, guarded):
    address, home = guarded(15)
    context = chromium.new_context()
    page = sign_in(context, address, "nobody")
    page.get_by_text("have no role here").wait_for()
    assert page.get_by_test_id("stSidebarNav").count() == 0
    assert [line["event"] for line in audit_log(home).entries()][-1] == "refused"
    context.close()


def test_a_copy_of_the_cookie_opens_nothing_after_its_owner_signed_out(chromium, guarded):
    address, home = guarded(15)
    context = chromium.new_context()
    page = sign_in(context, address, "ann")
    copied = context.cookies()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/end_session**")
    thief = chromium.new_context()
    thief.add_cookies(copied)
    stolen = thief.new_page()
    stolen.goto(address)
    stolen.get_by_text("it was signed out").wait_for()
    assert stolen.get_by_test_id("stMetric").count() == 0
    assert audit_log(home).verify().is_whole
    context.close()
    thief.close()


def test_a_page_that_nobody_touches_goes_blank_and_asks_to_sign_in_again(chromium, guarded):
    address, home = guarded(0.4)
    context = chromium.new_context()
    page = sign_in(context, address, "ann")
    page.get_by_text("You will be logged off in").wait_for()
    page.get_by_text("You were logged off").wait_for()
    page.get_by_test_id("stMetric").first.wait_for(state="detached")
    page.reload()
    page.get_by_text("it was idle").wait_for()
    assert [line["event"] for line in audit_log(home).entries()][-1] == "logged_off"
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="ann", exact=True).click()
    page.get_by_role("button", name="Sign out").wait_for()
    context.close()


def test_a_query_is_run_charted_taken_away_and_stopped_and_an_attack_is_text(chromium, guarded):
    address, home = guarded(15)
    context = chromium.new_context()
    page = sign_in(context, address, "cy")
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    page.get_by_test_id("stSidebarNav").get_by_text("SQL", exact=True).click()
    editor = page.get_by_label("Query", exact=True)
    run = page.get_by_role("button", name="Run")
    editor.wait_for()

    editor.fill("select kpi_code, '=1+1' as formula from marts.dim_kpis order by 1 limit 3")
    run.click()
    page.get_by_text("3 rows").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert '"\'=1+1"' in download.value.path().read_text(encoding="utf-8-sig")

    editor.fill("select count(*) from range(100000000000) a, range(100) b")
    run.click()
    page.get_by_role("button", name="Stop the query").click()
    page.get_by_text("The query was stopped").wait_for()

    for attack in ATTACKS:
        page.get_by_label("Find a table, KPI or column").fill(attack)
        editor.fill(attack)
        run.click()
        page.wait_for_timeout(1500)
        assert page.get_by_test_id("stException").count() == 0
    assert alerts == []
    assert {"queried", "query_answered", "exported", "query_refused"} <= {line["event"] for line in audit_log(home).entries()}
    context.close()
