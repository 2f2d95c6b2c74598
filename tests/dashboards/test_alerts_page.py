"""Alerts as people subscribe to them: what is kept, of whom, and to which addresses."""

from pathlib import Path

import pytest

from dashboards.access.roles import Viewer
from dashboards.alerts.subscriptions import SUBSCRIPTIONS, SubscriptionRefused, Wanted, end, subscribe, subscriptions_of
from models.audit_log.store import audit_log
from models.settings.notices import Mail, NoticeSettings, Pages, Subscription, Threshold

SETTINGS = """
[mail]
host = "smtp.example.org"
sender = "caregap@example.org"
[pages]
domains = ["example.org"]
"""
ALLOWED = NoticeSettings(mail=Mail(host="localhost", sender="c@example.org"), pages=Pages(domains=["example.org"]))
ANN = Viewer("ann", "leadership")


def told(**settings) -> Wanted:
    return Wanted(Subscription(who="page", **{"mail": ["ann@example.org"]} | settings))


def test_without_a_mail_server_nobody_can_subscribe_and_the_page_says_where_to_write_it(app):
    page = app("alerts")
    assert not page.exception
    assert "alerts.toml" in page.info[0].value
    assert not [one for one in page.button if one.key == "alerts_subscribe"]


def test_a_threshold_is_kept_in_the_kpis_unit_shown_beside_where_the_kpi_stands_and_can_be_ended(app, shown_home: Path):
    """The sample missed 33 of 318 appointments in its newest mature quarter, 10.4 %: beyond 8 %, typed as 8."""
    (shown_home / "alerts.toml").write_text(SETTINGS)
    page = app("alerts")
    page.multiselect(key="alerts_kpis").set_value(["no_show_rate"]).run()
    page.number_input(key="alerts_above_no_show_rate").set_value(8.0)
    page.text_input(key="alerts_mail").set_value("ann@example.org")
    page.checkbox(key="alerts_digest").set_value(True)
    page.checkbox(key="alerts_report").set_value(True)
    page.button(key="alerts_subscribe").click().run()
    assert not page.exception and not page.error
    [folder] = (shown_home / "outcomes").iterdir()
    [row] = SUBSCRIPTIONS.entries(folder).to_dicts()
    assert (row["mail"], row["kpis"], row["digest"], row["report"], row["model"]) == (
        "ann@example.org", '{"no_show_rate": {"above": 0.08}}', True, True, False,
    )  # fmt: skip
    said = " ".join(one.value for one in page.markdown)
    assert "No-show rate above 8.0 %; now 9.9 %, beyond it." in said
    assert page.text_input(key="alerts_mail").value == ""
    page.button(key=f"end_{row['subscription_id']}").click().run()
    assert "above 8.0 %" not in " ".join(one.value for one in page.markdown)
    assert [line["event"] for line in audit_log(shown_home).entries()].count("alerts_chosen") == 2


def test_an_address_that_is_none_and_a_kpi_without_a_limit_are_said_in_words(app, shown_home: Path):
    (shown_home / "alerts.toml").write_text(SETTINGS)
    page = app("alerts")
    page.text_input(key="alerts_mail").set_value("ann")
    page.checkbox(key="alerts_digest").set_value(True)
    page.button(key="alerts_subscribe").click().run()
    assert page.error[0].value == "Write e-mail addresses with a space between them."
    page.text_input(key="alerts_mail").set_value("ann@example.org")
    page.multiselect(key="alerts_kpis").set_value(["no_show_rate"])
    page.button(key="alerts_subscribe").click().run()
    assert page.error[0].value == "Give each KPI a limit above or below."
    assert not (shown_home / "outcomes").exists()


@pytest.mark.parametrize(
    ("viewer", "wanted"),
    [
        (ANN, told()),
        (ANN, told(mail=["ann@elsewhere.org"], digest=True)),
        (ANN, told(mail=[], digest=True)),
        (ANN, told(report=True)),
        (ANN, told(signs=True)),
        (Viewer("di", "steward"), told(digest=True)),
        (Viewer("di", "steward"), told(kpis={"no_show_rate": Threshold(above=0.1)})),
        (ANN, Wanted(told(digest=True).settings, "leadership")),
    ],
    ids=["nothing", "elsewhere", "nobody", "report-alone", "signs", "steward-digest", "steward-kpi", "a-role"],
)
def test_what_may_not_be_told_or_goes_elsewhere_is_refused(tmp_path: Path, viewer: Viewer, wanted: Wanted):
    with pytest.raises(SubscriptionRefused):
        subscribe(tmp_path, viewer, wanted, ALLOWED)
    assert not list(tmp_path.iterdir())


def test_one_ends_ones_own_subscription_and_an_administrator_anybodys(tmp_path: Path):
    first = subscribe(tmp_path, ANN, told(digest=True), ALLOWED)
    second = subscribe(tmp_path, ANN, told(model=True), ALLOWED)
    with pytest.raises(KeyError):
        end(tmp_path, Viewer("bo", "leadership"), first)
    end(tmp_path, ANN, first)
    end(tmp_path, Viewer("root", "admin"), second)
    assert subscriptions_of(tmp_path, ANN).is_empty()
