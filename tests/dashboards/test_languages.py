"""Care-team pages and words for patients in English and Spanish."""

import ast
import csv
import json
import re
import string
from dataclasses import replace
from datetime import date

import pytest

from dashboards.access.roles import CARE_TEAM, EVERY_PAGE, PAGES
from dashboards.figures import languages
from dashboards.figures.languages import WAREHOUSE, catalog, said_in
from dashboards.figures.wording import RECORD_NAMES
from dashboards.outreach.campaign_words import AUDIENCE_NAMES, OUTCOMES
from dashboards.outreach.reaching import CHANNEL_NAMES, INVITATION, SUBJECT, address
from dashboards.outreach.worklist import IN_CRM, LEFT_OUT, LIST_REASONS
from ml.assessment.model_checks import CHECKS
from ml.risk.features import FEATURES
from models.audit_log.break_glass import REASONS
from models.campaigns import CONDITIONS
from models.extracts.caregap import OUTCOME_NOTES
from models.extracts.crm import EXTRACTS, OUTREACH_OUTCOMES
from models.few_cases import FEW_CASES, FEWER
from models.landing import STATUSES as FILE_STATUSES
from models.sources import SOURCE_KINDS
from models.wording import named, titled
from pipelines.defs.raw import RULES, _contradicted_in_words, _kept_out_in_words
from pipelines.home import CHECKOUT
from pipelines.landing.land import LandingReport
from pipelines.sql.connection import open_file

OPENED = [page for page in EVERY_PAGE if CARE_TEAM in page.roles or not page.roles]
"""The pages of a care team, and break-glass."""
TRANSLATED = [
    *(CHECKOUT / "dashboards/app_pages" / f"{page.name}.py" for page in OPENED),
    *(CHECKOUT / "dashboards/outreach").glob("*.py"),
    *(CHECKOUT / "dashboards/layout").glob("*.py"),
    *(CHECKOUT / "dashboards/figures").glob("*.py"),
    *(CHECKOUT / "dashboards/kpis").glob("*.py"),
    CHECKOUT / "dashboards/server/sign_in.py",
]
SAYING = {"_", "many", "_text", "_date", "_said", "said_in", "CampaignRefused"}
SEEDS = CHECKOUT / "dbt_project" / "seeds"


def messages() -> set[str]:
    """Every text that a care-team page hands to gettext, by the call that does it."""
    calls = [
        node
        for path in TRANSLATED
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in SAYING
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


def test_no_page_of_a_care_team_writes_a_day_or_an_instant_in_english_alone():
    """`models/wording.py` has English months: a page takes its days from `languages.py`."""
    of_english = {
        f"{path.name}: {alias.name}"
        for path in TRANSLATED
        if path.parent.name in ("app_pages", "outreach")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "models.wording"
        for alias in node.names
        if alias.name in {"day", "month", "period", "instant"}
    }
    assert of_english == set()


def test_no_grid_of_a_care_team_names_months_in_english_alone():
    assert {path.name for path in TRANSLATED if "MMM YYYY" in path.read_text()} == {"languages.py"}


def test_the_profile_and_the_sidebar_are_spanish_where_spanish_is_chosen(app):
    page = app("outreach", role=CARE_TEAM)
    page.session_state["language"] = "es"
    page.session_state["outreach_patient"] = int(
        next(one.key for one in page.button if "open_" in (one.key or "")).removeprefix("open_")
    )
    page.run()
    assert not page.exception
    assert [one.label for one in page.sidebar.multiselect] == ["Centros"]
    assert "inicio de sesión" in page.sidebar.info[0].value and page.sidebar.toggle[0].label == "Con acceso de emergencia"


def test_a_page_whose_address_names_spanish_is_spanish_at_once_its_sidebar_too(app):
    page = app("outreach", role=CARE_TEAM, address={"language": "Español", "state": spanish()["Worked"]})
    assert not page.exception
    assert (page.title[0].value, page.sidebar.multiselect[0].label) == ("Contacto con pacientes", "Centros")
    assert page.session_state["state"] == "Worked"


def test_an_address_without_a_page_and_with_a_language_leads_to_the_first_page_of_the_role(app):
    page = app(role=CARE_TEAM, address={"language": "Español"})
    assert not page.exception
    assert page.title[0].value == "Contacto con pacientes"


def test_a_translation_has_the_placeholders_of_its_message():
    both = [*spanish().items(), *of_the_warehouse().items()]
    assert [english for english, other in both if placeholders(english) != placeholders(other)] == []


def test_measures_actions_and_standing_lists_are_in_the_spanish_catalogue():
    with (SEEDS / "measure_catalog.csv").open() as file:
        texts = {row[name] for row in csv.DictReader(file) for name in ("title", "next_action", "open_reason") if row[name]}
    with (SEEDS / "measure_actions.csv").open() as file:
        texts |= {row["next_action"] for row in csv.DictReader(file)}
    assert texts - set(of_the_warehouse()) == set()
    with (SEEDS / "outreach_campaigns.csv").open() as file:
        lists = list(csv.DictReader(file))
    assert {row["next_action"] for row in lists} - set(of_the_warehouse()) == set()
    assert {row[name] for row in lists for name in ("title", "why", "rule")} - set(spanish()) == set()


def test_names_and_formulas_of_kpis_and_all_that_is_said_of_the_closure_rate_are_in_the_spanish_catalogue():
    """The care team's catalogue names every KPI; its page of care gaps explains the closure rate."""
    with (SEEDS / "kpi_catalog.csv").open(encoding="utf-8") as file:
        kpis = list(csv.DictReader(file))
    notice = "less than {n} hours before the start"  # what a build writes for the window
    texts = {row[name].replace("inside the notice window", notice) for row in kpis for name in ("kpi_name", "formula")}
    closure = next(row for row in kpis if row["kpi_code"] == "care_gap_closure_rate")
    texts |= {closure[name] for name in ("exclusions", "source", "departs")}
    assert texts - set(spanish()) - set(of_the_warehouse()) == set()


def test_a_kpi_of_the_catalogue_and_the_closure_rate_are_defined_in_spanish(app):
    shown = app("catalog", role=CARE_TEAM, address={"language": "Español"})
    assert any(header.value == "Tasa de inasistencias" for header in shown.header)
    assert any("Inasistencias ÷ citas debidas" in text.value for text in shown.markdown)
    gaps = app("care_gaps", role=CARE_TEAM, address={"language": "Español"})
    told = next(tile.help for tile in gaps.metric if tile.label == spanish()["Care-gap closure rate"])
    assert "Un cuidado pendiente es un paciente" in told and "Se aparta" in told


def test_every_name_that_a_care_team_chooses_or_reads_is_in_the_spanish_catalogue():
    names = (LIST_REASONS, LEFT_OUT, IN_CRM, CHANNEL_NAMES, AUDIENCE_NAMES)
    words = {word for one in names for word in one.values()} | {page.title for page in OPENED}
    words |= {word for told in OUTCOMES.values() for word in told} | {*RECORD_NAMES.values(), "yes", "no", *REASONS.values()}
    words |= {FEWER, FEW_CASES, *FILE_STATUSES, "passed", "warned", *(kind.title for kind in SOURCE_KINDS.values())}
    words |= {"KPIs", "Measures", "Tables", "Columns", "higher", "lower", "Patient", "Encounter"}
    words |= {"Freshness", "Kept out", "Read otherwise", "Deliveries", "Checks", "Identities", "Versions"}
    told = [("touches", "purpose"), ("touches", "outcome"), ("outreach_tasks", "reason"), ("outreach_tasks", "outcome")]
    of_contacts = {code for extract, name in told for code in EXTRACTS[extract].fields[name].metadata["values"]}
    codes = {*CONDITIONS, *OUTREACH_OUTCOMES, *OUTCOME_NOTES, *of_contacts}
    assert (words | {titled(code) for code in codes}) - set(spanish()) == set()


def test_why_a_gap_is_open_and_why_a_patient_is_listed_are_said_in_spanish(sample_warehouse, monkeypatch):
    """Whatever the sample says of a gap, a patient on a list and a risk has a message; what other data may say is held against
    the SQL in tests/architecture/test_spanish_sentences.py."""
    monkeypatch.setattr(languages, "chosen_language", lambda: "es")
    query = """
        select unnest([reason, next_action]) from marts.fct_care_gaps where gap_status = 'open'
        union select why from delivery.out_outreach_list union select why from delivery.out_campaign_patients
        union select next_action from delivery.out_outreach_list
        union select unnest([reason_1, reason_2, reason_3]) from delivery.out_patient_profiles
    """
    with open_file(sample_warehouse, read_only=True) as connection:
        said = [text for (text,) in connection.execute(query).fetchall() if text]
    assert len(said) > 200
    english = re.compile(r"(?i)\b(the|no visit|due since|last|within|and|for|missing)\b")
    assert sorted({text for text in said if english.search(languages.sentence(text))}) == []


@pytest.mark.parametrize(
    ("english", "other"),
    [
        ("HbA1c 9.5 % on 2026-10-03, no visit booked", "HbA1c 9.5 % el 3 oct 2026, sin cita"),
        (
            "depression screening positive on 2026-12-01, no follow-up plan since; HbA1c 9.5 % on 2026-11-01, no visit booked",
            "cribado de depresión positivo el 1 dic 2026, sin plan de seguimiento desde entonces; "
            "HbA1c 9.5 % el 1 nov 2026, sin cita",
        ),
        (
            "risk of drifting away 2 % within 180 days (no. 14 at the site): last visit 165 days ago",
            "riesgo de alejarse del 2 % en 180 días (n.º 14 del centro): última visita hace 165 días",
        ),
        (
            "Last test too old: Colonoscopy 2015-03-02; due since 2026-01-01 or before; visit booked 2026-12-09 with Ann Lee",
            "Última prueba demasiado antigua: colonoscopia del 2 mar 2015; pendiente desde el 1 ene 2026 o antes; "
            "visita concertada el 9 dic 2026 con Ann Lee",
        ),
        (
            "care gaps: Breast Cancer Screening; HIV Screening; and 3 more",
            "cuidados pendientes: Cribado de cáncer de mama; Prueba del VIH; y 3 más",
        ),
        ("Offer a visit. For the clinician: Order an eGFR", "Ofrecer una visita. Para el personal clínico: Pedir un FGe"),
        (
            "Incomplete by the second birthday on 2026-10-03: DTaP 3 of 4, MMR 0 of 1",
            "Incompleto al segundo cumpleaños el 3 oct 2026: DTaP 3 de 4, triple viral 0 de 1",
        ),
        (
            "No visit from 2026-10-04 to 2026-11-02 after the first order of clonidine on 2026-10-03; due on 2026-11-02; "
            "ordered on 2026-10-03",
            "Sin visita del 4 oct 2026 al 2 nov 2026 tras el primer pedido de clonidina el 3 oct 2026; toca el 2 nov 2026; "
            "pedido el 3 oct 2026",
        ),
        (
            "Patients with heart failure, an open gap in CMS90, not seen for 6 months, no visit booked",
            "Pacientes con insuficiencia cardíaca, un cuidado pendiente en CMS90, sin visita desde hace 6 meses, sin cita",
        ),
        ("something that no message has: 2026-10-03", "something that no message has: 3 oct 2026"),
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


def test_the_care_gaps_page_is_spanish_where_spanish_is_chosen(app):
    page = app("care_gaps", role=CARE_TEAM)
    page.session_state["language"] = "es"
    page.run()
    assert not page.exception
    assert page.title[0].value == "Cuidados pendientes"
    headings = [one.value for kind in ("header", "subheader") for one in page.get(kind)]
    assert headings[-1] == "Pacientes detrás de una tasa" and any(one.startswith("Medidas por tema") for one in headings)


def test_charts_months_and_amounts_are_in_the_viewers_language(monkeypatch):
    """Plotly has English months alone: the others are handed to it."""
    assert languages.chart_language("en") == {}
    form = languages.chart_language("es")["locales"]["es"]["format"]
    assert (form["shortMonths"][0], form["months"][7], form["days"][0]) == ("ene", "agosto", "domingo")
    monkeypatch.setattr(languages, "chosen_language", lambda: "es")
    assert languages.period(date(2026, 7, 1), date(2026, 9, 1)) == "jul a sept 2026"
    assert languages.period(date(2025, 12, 1), date(2026, 1, 1)) == "dic 2025 a ene 2026"
    assert languages.between("33 of 318, 5.0 % to 7.0 %") == "33 de 318, 5.0 % a 7.0 %"
    assert languages.between("215.0 days") == "215.0 días"


def test_every_warning_of_a_run_is_said_in_spanish(monkeypatch):
    """Names of files and kinds of file stay as they are, and so do the reasons beside a file."""
    monkeypatch.setattr(languages, "chosen_language", lambda: "es")
    kept_out = [(name, "is empty", n) for n, name in enumerate(["contacts", "touches", "Patient", "charges", "Encounter"], 1)]
    twice = [("touches", f"touches_{n}.csv", 2) for n in range(5)]
    landed = LandingReport((), (), waiting=("crm/notes.txt",), returned=("crm/contacts.csv, row 3",))
    lagging = "the newest export of crm is of 2026-10-01, the newest export of billing is of 2026-09-01"
    pulls = "the pull of hubspot failed on 2026-10-01 at 08:00 UTC: 503; the pull of odoo failed on 2026-10-02 at 09:00 UTC: 401"
    said = [*RULES.values(), lagging, pulls, landed.warning(), replace(landed, waiting=()).warning()]
    said += [_kept_out_in_words(kept_out), _kept_out_in_words(kept_out[:2])]
    said += [_contradicted_in_words(twice), _contradicted_in_words(twice[:2])]
    english = re.compile(r"(?i)\b(the|of|every|rows|others?|in|failed|newest|records)\b")
    assert [text for text in map(languages.sentence, said) if english.search(text)] == []
    assert languages.sentence(_kept_out_in_words(kept_out)) == (
        "15 filas entregadas no se pudieron leer o incumplían su contrato, y se apartaron (Encounter: 5, charges: 4, Patient: 3, "
        "touches: 2, otros: 1); fila, campo y motivo están en marts.fct_quarantined_rows"
    )
    assert languages.sentence(lagging).endswith("la exportación más reciente de billing es del 1 sept 2026")


def test_what_the_risk_models_checks_warn_of_is_in_the_spanish_catalogue():
    told = {named(check.name) for check in CHECKS} | {named(feature.name) for feature in FEATURES} | {"score"}
    assert told - set(spanish()) == set()


@pytest.mark.parametrize("view", ["Freshness", "Deliveries", "Versions"])
def test_data_health_is_spanish_in_its_warnings_its_sources_and_its_days(app, view: str):
    """Streamlit's grid has English months alone: another language has figures."""
    page = app("data_health", role=CARE_TEAM, address={"language": "Español"})
    page.session_state["view"] = view
    page.run()
    assert not page.exception and len(page.warning) == 1
    english = re.compile(r"\b(rows|Every|must|drift|reply|Billing|Recorded)\b")
    said = [one.value for kind in ("warning", "markdown", "caption") for one in page.get(kind)]
    assert [text for text in said if english.search(text)] == []
    assert all('"YYYY-MM-DD, HH:mm"' in grid.proto.columns and "MMM" not in grid.proto.columns for grid in page.dataframe)


@pytest.mark.parametrize(
    ("page", "english"), [("care_gaps", "Still coming in"), ("catalog", "In detail"), ("data_health", "rows")]
)
def test_what_a_care_team_reads_beside_the_warehouses_own_words_is_spanish_where_spanish_is_chosen(app, page: str, english: str):
    """Definitions of the catalogue, tables and checks are English: they are quoted from the warehouse."""
    shown = app(page, role=CARE_TEAM)
    shown.session_state["language"] = "es"
    shown.run()
    assert not shown.exception
    said = [one.value for kind in ("title", "header", "subheader", "markdown", "caption") for one in shown.get(kind)]
    drawn = [trace.get("name") for chart in shown.get("plotly_chart") for trace in json.loads(chart.proto.spec)["data"]]
    assert not [text for text in (*said, *drawn) if text and english in text]
