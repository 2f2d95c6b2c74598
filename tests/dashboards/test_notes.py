"""Comments, events and goals on a KPI, and the views that a person keeps: written and read on the page."""

import json
from datetime import date

import pytest

from dashboards.kpis.notes import NoteRefused, goals, marks, notes_on, take_back, write_note
from dashboards.layout.saved_views import ViewRefused, keep_view, remove_view, views_of
from dashboards.store.journal import journal_folder
from dashboards.store.published import current_publication
from models.audit_log.store import audit_log

OCTOBER = date(2026, 10, 1)


@pytest.fixture
def publication(shown_home):
    return current_publication()


def test_a_comment_is_shown_with_author_and_day_and_is_a_line_in_the_chart(app, shown_home):
    page = app("kpi_explorer")
    page.text_input(key="note_text").set_value("Reminders went out")
    page.button(key="note_keep").click().run()
    assert not page.exception
    said = next(one.value for one in page.markdown if "Reminders went out" in one.value)
    assert "Comment" in said and "local" in said
    chart = json.loads(page.get("plotly_chart")[0].proto.spec)
    assert "Reminders went out" in [note["text"] for note in chart["layout"]["annotations"]]
    assert [line["event"] for line in audit_log(shown_home).entries()][-1] == "note_written"


def test_a_note_is_on_its_kpi_or_on_all_and_only_its_author_takes_it_back(publication):
    folder = journal_folder(publication)
    own = write_note(folder, "comment", "no_show_rate", date(2026, 10, 17), "A snow day", "ann")
    write_note(folder, "event", None, date(2026, 9, 1), "New telephone system", "bo")
    write_note(folder, "goal", "no_show_rate", OCTOBER, "By the year's end", "ann", 0.05)
    assert notes_on(publication, "no_show_rate")["text"].to_list() == [
        "By the year's end", "A snow day", "New telephone system",
    ]  # fmt: skip
    assert notes_on(publication, "fill_rate")["text"].to_list() == ["New telephone system"]
    assert goals(notes_on(publication, "no_show_rate")) == [0.05]
    assert marks(notes_on(publication, "no_show_rate"))["event_on"].to_list() == [OCTOBER, date(2026, 9, 1)]
    with pytest.raises(KeyError):
        take_back(folder, own, "bo")
    take_back(folder, own, "ann")
    assert "A snow day" not in notes_on(publication, "no_show_rate")["text"].to_list()


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("comment", " ", None),
        ("comment", "x" * 201, None),
        ("comment", "call 202 555 0147", None),
        ("comment", "M001014618", None),
        ("comment", "ana@example.org", None),
        ("goal", "fewer", None),
    ],
)
def test_a_note_without_words_with_what_may_be_a_patients_or_a_goal_without_a_value_is_refused(publication, kind, text, value):
    with pytest.raises(NoteRefused):
        write_note(journal_folder(publication), kind, "no_show_rate", OCTOBER, text, "ann", value)


def test_a_view_is_its_persons_alone_and_keeps_no_role_and_no_task(publication):
    folder = journal_folder(publication)
    chosen = {"site": "East Clinic", "viewer_role": "admin", "task": "task-1"}
    kept = keep_view(folder, "ann", "kpi_explorer", "East this year", chosen)
    assert views_of(folder, "bo").is_empty()
    assert views_of(folder, "ann").select("page", "title", "query").rows() == [
        ("kpi_explorer", "East this year", "site=East+Clinic")
    ]
    with pytest.raises(KeyError):
        remove_view(folder, kept, "bo")
    remove_view(folder, kept, "ann")
    assert views_of(folder, "ann").is_empty()
    with pytest.raises(ViewRefused):
        keep_view(folder, "ann", "kpi_explorer", "call 202 555 0147", {})


def test_a_kept_view_is_a_link_to_the_page_with_its_filters(app):
    page = app("appointments", address={"site": "East Clinic"})
    page.text_input(key="view_title").set_value("East")
    page.button(key="view_keep").click().run()
    assert not page.exception
    links = [one.proto.body for one in page.get("html") if "<a href" in one.proto.body]
    assert links == ['<a href="/appointments?viewer_role=leadership&amp;site=East+Clinic">East</a>']
