"""Codes and texts from outside are shown as people read them."""

import pytest

from dashboards.figures.wording import as_plain_markdown, language, telephone


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("2025550147", "(202) 555-0147"),
        ("+12025550147", "(202) 555-0147"),
        ("ann@example.com", "ann@example.com"),
        ("555", "555"),
        ("+4930901820", "+49 30 901820"),
    ],
)
def test_a_telephone_number_is_grouped_and_anything_else_left_as_it_is(number: str, text: str):
    assert telephone(number) == text


def test_a_language_is_named_and_an_unknown_one_left_as_its_code():
    assert [language(code) for code in ("en", "es-MX", "ht", "qaa", None)] == [
        "English",
        "Spanish",
        "Haitian Creole",
        "qaa",
        "not known",
    ]


def test_a_text_from_outside_is_no_markdown():
    assert as_plain_markdown("![x](//e.org) <b> `a` :x:") == r"\!\[x\](//e.org) \<b\> \`a\` \:x\:"
