"""Care-team pages and words for patients in English and Spanish."""

import ast
import csv
import re
import string

import pytest

from dashboards.access.roles import CARE_TEAM, PAGES
from dashboards.figures import languages
from dashboards.figures.languages import WAREHOUSE, catalog, said_in
from dashboards.outreach.reaching import INVITATION, SUBJECT, address
from pipelines.home import CHECKOUT

TRANSLATED = [CHECKOUT / "dashboards/app_pages/outreach.py", *(CHECKOUT / "dashboards/outreach").glob("*.py")]
SAYING = {"_", "many", "_text", "_date"}
SEEDS = CHECKOUT / "dbt_project" / "seeds"


def messages() -> set[str]:
    """Every text that a care-team page hands to gettext, by the call that does it."""
    calls = [
        node
        for path in TRANSLATED
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAYING
    ]
    return {one.value for call in calls for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def spanish() -> dict[str, str]:
    return {str(one.id): str(one.string) for one in catalog("es") if one.id and one.context != WAREHOUSE}


def of_the_warehouse() -> dict[str, str]:
    return {str(one.id): str(one.string) for one in catalog("es") if one.context == WAREHOUSE}


def test_every_text_of_a_care_team_page_is_in_the_spanish_catalogue():
    assert messages() - {"MRN"} - set(spanish()) == set()


def test_a_translation_has_the_placeholders_of_its_message():
    both = [*spanish().items(), *of_the_warehouse().items()]
    assert [english for english, other in both if placeholders(english) != placeholders(other)] == []


def test_measures_actions_and_standing_lists_are_in_the_spanish_catalogue():
    with (SEEDS / "measure_catalog.csv").open() as file:
        texts = {row[name] for row in csv.DictReader(file) for name in ("title", "next_action")}
    with (SEEDS / "measure_actions.csv").open() as file:
        texts |= {row["next_action"] for row in csv.DictReader(file)}
    assert texts - set(of_the_warehouse()) == set()
    with (SEEDS / "outreach_campaigns.csv").open() as file:
        lists = list(csv.DictReader(file))
    assert {row["next_action"] for row in lists} - set(of_the_warehouse()) == set()
    assert {row[name] for row in lists for name in ("title", "why", "rule")} - set(spanish()) == set()


@pytest.mark.parametrize(
    ("english", "other"),
    [
        ("HbA1c 9.5 % on 2026-10-03, no visit booked", "HbA1c 9.5 % el 3 oct 2026, sin cita"),
        ("likely to drift away (42 %): last visit 165 days ago", "puede alejarse (42 %): última visita hace 165 días"),
        (
            "care gaps: Breast Cancer Screening; HIV Screening; and 3 more",
            "cuidados pendientes: Cribado de cáncer de mama; Prueba del VIH; y 3 más",
        ),
        ("Offer a visit; then: Order an eGFR", "Ofrecer una visita; después: Pedir un FGe"),
        ("something that no message has, on 2026-10-03", "something that no message has, on 3 oct 2026"),
    ],
)
def test_a_sentence_of_the_warehouse_is_said_in_spanish_with_its_days(monkeypatch, english: str, other: str):
    monkeypatch.setattr(languages, "chosen_language", lambda: "es")
    assert languages.sentence(english) == other


def test_a_message_to_a_patient_is_in_their_language_and_says_nothing_about_health():
    link = address("email", "ana@example.org", "Lakeside", "es-MX")
    assert link and link.startswith("mailto:ana@example.org?subject=Un%20mensaje%20de%20Lakeside&body=Hola")
    assert address("sms", "2025550147", "Lakeside", "vi").startswith("sms:2025550147?body=Hello")
    assert address("phone", "(202) 555-0147", "Lakeside", "en") == "tel:2025550147"
    assert address("email", "a@b.org?bcc=all@c.org", "Lakeside", "en") is None
    both = [INVITATION, SUBJECT, said_in("es", INVITATION), said_in("es", SUBJECT)]
    assert [placeholders(one) for one in both] == [{"practice"}] * 4
    health = r"(?i)health|result|diabet|screen|risk|gap|salud|prueba|riesgo"
    assert not [one for one in both if re.search(health, one)]


def test_the_outreach_page_is_spanish_where_spanish_is_chosen(app):
    page = app("outreach", role=CARE_TEAM)
    page.session_state["language"] = "es"
    page.run()
    assert not page.exception
    assert page.title[0].value == "Contacto con pacientes"
    shown = " ".join(one.proto.body for one in page.get("html"))
    assert "sin cita" in shown and "no visit booked" not in shown
    assert next(one.title for one in PAGES if one.name == "outreach") == "Outreach"
