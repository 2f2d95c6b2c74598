"""A text that is longer than its field takes is refused in words, whoever or whatever set it."""

import pytest

from dashboards.access.roles import PAGES


@pytest.mark.parametrize(
    ("page", "role", "address", "key", "longest"),
    [
        ("outreach", "care_team", {}, "outreach_words", 60),
        ("outreach", "care_team", {"view": "Find a patient"}, "find_words", 60),
        ("kpi_explorer", "leadership", {}, "note_text", 200),
        ("overview", "leadership", {}, "view_title", 60),
        ("campaigns", "care_team", {}, "campaign_title", 60),
        ("catalog", "analyst", {}, "words", 80),
    ],
)
def test_a_text_of_one_character_too_many_is_refused_with_both_lengths(app, page, role, address, key, longest):
    shown = app(page, role=role, address=address)
    shown.text_input(key=key).set_value("x" * longest).run()
    assert not [one.value for one in shown.error if "characters fit here" in one.value]
    shown.text_input(key=key).set_value("x" * (longest + 1)).run()
    assert not shown.exception
    assert [one.value for one in shown.error if "characters fit here" in one.value] == [
        f"At most {longest} characters fit here, and this has {longest + 1}. Shorten it."
    ]


def test_a_query_that_is_too_long_is_refused_and_cannot_be_run(app):
    shown = app("sql", role="analyst_phi")
    shown.text_area[0].set_value("select 1 -- " + "x" * 19_989).run()
    assert "At most 20,000 characters fit here, and this has 20,001. Shorten it." in [one.value for one in shown.error]
    assert shown.button(key="sql_run").disabled


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_field_has_a_length_at_which_the_browser_drops_a_text_without_a_word(app, page):
    shown = app(page.name, role=sorted(page.roles)[0])
    assert [field.label for field in (*shown.text_input, *shown.text_area) if field.proto.max_chars] == []
