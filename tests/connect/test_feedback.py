"""What a remark about a task says of its outcome."""

import pytest

from pipelines.connect.feedback import outcome_said

PATTERNS = {"*voicemail*": "left_message", "not reached*": "no_answer"}


@pytest.mark.parametrize(
    ("remark", "outcome"),
    [
        ("Reached", "reached"),
        ("  REACHED: will come on Friday", "reached"),
        ("left message with the husband", "left_message"),
        ("left_message", "left_message"),
        ("No answer.", "no_answer"),
        ("done elsewhere, mammogram in June", "done_elsewhere"),
        ("Left a voicemail", "left_message"),
        ("<p>Scheduled</p>", "scheduled"),
        ("Not reached: number rings out", "no_answer"),
        ("was reached", None),
        ("reachedout", None),
        ("moved-in date unknown", None),
        ("", None),
        ("called", None),
    ],
)
def test_a_pattern_of_the_practice_comes_first_then_the_name_at_the_beginning(remark: str, outcome: str | None):
    assert outcome_said(remark, PATTERNS) == outcome
