"""The verdict of a check on a design's assumptions."""

from dataclasses import dataclass

PASSED, WARNED, FAILED, NOT_TESTABLE = "passed", "warned", "failed", "not_testable"
SIZE = 0.05


@dataclass(frozen=True)
class Verdict:
    """`passed`, `warned` (quote with this caveat), `failed` (no causal estimate) or `not_testable`; `note` is the evidence."""

    verdict: str
    note: str


def of_interval(low: float, high: float, note: str) -> Verdict:
    """The verdict on an interval that should contain zero."""
    return Verdict(FAILED if low > 0 or high < 0 else PASSED, note)
