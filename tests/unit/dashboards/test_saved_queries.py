"""An analyst's queries stay theirs, whatever they are called."""

import pytest

from dashboards.sandbox.saved_queries import delete_query, save_query, saved_queries


def test_a_query_is_kept_under_its_name_replaced_and_deleted(tmp_path):
    save_query(tmp_path, "ann", " by  month ", "select 1")
    save_query(tmp_path, "ann", "a first", "select 2")
    save_query(tmp_path, "ann", "by month", "select 3")
    assert saved_queries(tmp_path, "ann") == {"a first": "select 2", "by month": "select 3"}
    delete_query(tmp_path, "ann", "by month")
    delete_query(tmp_path, "ann", "never there")
    assert saved_queries(tmp_path, "ann") == {"a first": "select 2"}


def test_no_user_sees_or_reaches_what_another_saved(tmp_path):
    save_query(tmp_path, "ann", "mine", "select 1")
    for other in ("bo", "../ann", "ann/", "ANN", ""):
        assert saved_queries(tmp_path, other) == {}
    (file,) = tmp_path.glob("*.json")
    assert file.stat().st_mode & 0o777 == 0o600
    assert "ann" not in file.name


@pytest.mark.parametrize(("name", "query"), [("", "select 1"), ("  ", "select 1"), ("x", "  "), ("x", "y" * 20_001)])
def test_a_query_that_cannot_be_saved_is_refused_in_words_and_changes_nothing(tmp_path, name, query):
    save_query(tmp_path, "ann", "mine", "select 1")
    with pytest.raises(ValueError, match="saved query"):
        save_query(tmp_path, "ann", name, query)
    assert saved_queries(tmp_path, "ann") == {"mine": "select 1"}


def test_a_query_of_20_000_characters_is_kept(tmp_path):
    save_query(tmp_path, "ann", "long", "y" * 20_000)
    assert len(saved_queries(tmp_path, "ann")["long"]) == 20_000
