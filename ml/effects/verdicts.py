"""The verdict of a check on what a design assumes."""

from dataclasses import dataclass

PASSED, WARNED, FAILED, NOT_TESTABLE = "passed", "warned", "failed", "not_testable"
SIZE = 0.05


@dataclass(frozen=True)
class Verdict:
    """`passed`, `warned` (quote it with this said), `failed` (no causal number) or `not_testable`; `note` is what it rests on."""

    verdict: str
    note: str


def of_interval(low: float, high: float, note: str) -> Verdict:
    """The verdict of an interval that ought to hold zero."""
    return Verdict(FAILED if low > 0 or high < 0 else PASSED, note)
