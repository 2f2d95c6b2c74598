"""Whatever is typed or written into an address is text: every field of every page, found by the test itself, is attacked."""

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.access.roles import PAGES, Page
from models.audit_log.store import FILE

ATTACKS = (
    "<script>document.title='owned'</script><img src=x onerror=alert(1)>",
    "{{7*7}}${7*7}{% raw %}",
    "'; drop table marts.dim_kpis; --",
    '=HYPERLINK("http://e.org","x")',
    "../../../etc/passwd",
    "![x](//e.org/x.png) [y](javascript:alert(1)) :red[z] $$\\frac{1}{0}$$",
    "\u202etxt.exe \u0645\u0631\u062d\u0628\u0627 \U0001f469\u200d\u2695\ufe0f e\u0301" + "\u0336" * 40,
    "nul\x00l \ud7ff \ufffe \x1b[31m \r\n %s %n %00",
    "x" * 20_000,
    "(?=x) [a- \\q % _ *",
)
MARK = "owned"


def typed_into(page: AppTest) -> list:
    """Every field that takes free text. Streamlit types nothing into one that is greyed out."""
    fields = (*page.text_input, *page.text_area, *page.chat_input, *page.number_input)
    return [field for field in fields if not field.disabled]


def views(page: AppTest) -> list[tuple[str, object]]:
    """Key and value of every view of the page and of every switch on it: a field may stand behind either."""
    choices = [(group.key, option) for group in page.button_group if group.key for option in _codes(group)]
    return choices + [(switch.key, not switch.value) for switch in page.toggle if switch.key]


def _codes(group) -> list[str]:
    return [option.content for option in group.proto.options]


def kept_in_the_address(page: AppTest) -> set[str]:
    """The names that a widget of the page may have in its address."""
    widgets = (page.selectbox, page.multiselect, page.button_group, page.toggle, page.text_input, page.date_input, page.checkbox)
    return {widget.key for kind in widgets for widget in kind if widget.key} | {"viewer_role", "viewer_sites", "page", "embed"}


def assert_unharmed(page: AppTest, attack: str) -> None:
    assert not page.exception
    said = [
        text.value for kind in (page.markdown, page.error, page.info, page.warning, page.caption, page.title) for text in kind
    ]
    for text in said:
        assert "<script>" not in text and "![x](" not in text and "](javascript:" not in text, attack


@pytest.mark.slow
@pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.name)
def test_whatever_is_typed_into_any_field_is_text(app, shown: Page):
    page = app(shown.name, role=sorted(shown.roles)[0])
    met: set[str] = set()
    for key, value in [("", None), *views(page)]:
        if key:
            page.session_state[key] = value
            page.run()
        fresh = {field.key or field.label for field in typed_into(page)} - met
        met |= fresh
        for attack in ATTACKS if fresh else ():
            for field in typed_into(page):
                field.set_value(attack if field.type != "number_input" else 1e308)
            page.run()
            assert_unharmed(page, attack)
            for button in [one for one in page.button if one.label in ("Run", "Save this query")]:
                button.click()
                page.run()
                assert_unharmed(page, attack)


@pytest.mark.slow
@pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.name)
def test_anything_in_the_address_is_treated_as_text(app, shown: Page, shown_home):
    role = sorted(shown.roles)[0]
    names = sorted(kept_in_the_address(app(shown.name, role=role)))
    for turn in (0, 3, 6):
        page = app(shown.name, role=role, address={name: ATTACKS[(place + turn) % 8] for place, name in enumerate(names)})
        assert_unharmed(page, f"turn {turn}")
    log = shown_home / "audit" / FILE
    assert not log.exists() or MARK not in log.read_text()


def test_the_fields_that_are_known_are_among_those_that_are_found(app):
    page = app("sql", role="analyst")
    assert {field.key for field in typed_into(page)} >= {"sql_find", "sql_name", "sql_text"}
    page = app("outreach", role="care_team")
    assert ("view", "Find a patient") in views(page)
    assert {"site", "assignee", "reason", "state", "view", "viewer_role"} <= kept_in_the_address(page)
