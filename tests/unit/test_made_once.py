"""What tests share is made once, and where it cannot be, this is found out once."""

from pathlib import Path

import pytest

from tests.conftest import Once


def test_what_could_not_be_made_is_not_tried_again_and_every_later_test_is_told_why(once: Once):
    tried: list[Path] = []

    def make(folder: Path) -> None:
        tried.append(folder)
        raise ValueError("the sample has no patients")

    with pytest.raises(ValueError, match="the sample has no patients"):
        once("never-made", make)
    with pytest.raises(pytest.fail.Exception, match="never-made could not be made: the sample has no patients"):
        once("never-made", lambda folder: None)
    assert len(tried) == 1


def test_what_is_made_is_made_once(once: Once):
    def make(folder: Path) -> None:
        (folder / "a").write_text("a")

    made = once("made-once", make)
    assert once("made-once", lambda folder: pytest.fail("a second time")) == made
    assert (made / "a").read_text() == "a"
