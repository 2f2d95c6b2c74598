"""Picks the strongest design that a program's history allows: tries each in turn, checks it, and accepts or refuses it.

Two kinds of history are supported: campaigns that held members out at random (`trial_designs`), and sites that joined the
program at different times (`rollout_designs`). A design whose checks fail gives no causal estimate. If none holds, the
before-after difference is reported as a description, never as an effect.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from ml.effects.before_after import before_after_difference
from ml.effects.estimate import Estimate, EstimateRefused
from ml.effects.rollout_designs import ROLLOUT_DESIGNS, Rollout
from ml.effects.verdicts import FAILED, NOT_TESTABLE, PASSED, WARNED, Verdict

GRADES = {"randomised": "A", "staggered_did": "B", "synthetic_did": "C", "interrupted_series": "C", "before_after": "D"}
BALANCE = 0.25
"""Standardised difference of a covariate above which the arms are unbalanced (Imbens & Rubin 2015, section 14.2)."""
BREACHES = 0.10
"""Share of held-out members who were contacted anyway, above which the randomisation was not followed."""


@dataclass(frozen=True)
class Attempt:
    """One design tried on one outcome. `estimate` is None if the design was refused; `refused_reason` says why, or why an
    estimate is not causal. `value_before` is the outcome of the treated before the program, or of those held out.
    """

    design: str
    estimate: Estimate | None
    pre_trend: Verdict
    placebo: Verdict
    overlap: Verdict
    value_before: float | None = None
    refused_reason: str | None = None
    is_chosen: bool = False

    @property
    def is_causal(self) -> bool:
        failed = FAILED in (self.pre_trend.verdict, self.placebo.verdict, self.overlap.verdict)
        return self.estimate is not None and self.design != "before_after" and not failed

    @property
    def grade(self) -> str:
        """The design's grade if its estimate is causal; D for a description, `none` for a refusal."""
        return "none" if self.estimate is None else GRADES[self.design] if self.is_causal else "D"


def trial_designs(members: pl.DataFrame) -> list[Attempt]:
    """The randomised design on the members of outreach campaigns.

    `members`: one row per member, with `stratum` (the campaign), `is_held_out`, `outcome` (0 or 1), `cluster` (the patient,
    who may be a member of several campaigns), `days_since_visit` (known before randomisation; may be null) and `n_attempts`.
    Strata with fewer than two members in an arm are left out. The overlap check judges baseline balance between the arms and
    the share of held-out members who were contacted anyway; there is no trend or date to test.
    """
    from ml.effects.randomised import trial_effect, usable_members

    nothing = Verdict(NOT_TESTABLE, "randomisation assumes no trend"), Verdict(NOT_TESTABLE, "randomisation assumes no date")
    try:
        found = trial_effect(members)
    except EstimateRefused as refusal:
        return [Attempt("randomised", None, *nothing, Verdict(NOT_TESTABLE, "no estimate"), None, str(refusal))]
    overlap = _balance(usable_members(members))
    before = found.parts["arms"][0]["mean"]
    reason = f"the randomisation was not followed: {overlap.note}" if overlap.verdict == FAILED else None
    return [Attempt("randomised", found, *nothing, overlap, before, reason, is_chosen=True)]


def rollout_designs(panel: pl.DataFrame) -> list[Attempt]:
    """Tries the roll-out designs on one outcome, strongest first, until one holds; the description comes last.

    The first causal estimate is chosen, otherwise the description; none if even that is impossible.

    `panel`: one row per site and month, with `site`, `month` (date), `first_month` (date, null: never), `numerator` and
    `denominator`. Where a site has nothing to count in a month, either that month or that site is dropped, whichever loses
    less data (`Rollout`).
    """
    attempts = list(_tried(panel))
    for place, attempt in enumerate(attempts):
        if attempt.estimate is not None and (attempt.is_causal or attempt.design == "before_after"):
            return [*attempts[:place], replace(attempt, is_chosen=True), *attempts[place + 1 :]]
    return attempts


def _tried(panel: pl.DataFrame) -> Iterator[Attempt]:
    unknown = Verdict(NOT_TESTABLE, "no estimate")
    try:
        rollout = Rollout.of(panel)
    except EstimateRefused as refusal:
        yield Attempt("before_after", None, unknown, unknown, unknown, None, str(refusal))
        return
    for design, estimated in ROLLOUT_DESIGNS.items():
        try:
            found, pre_trend, placebo, overlap = estimated(rollout)
        except EstimateRefused as refusal:
            yield Attempt(design, None, unknown, unknown, unknown, rollout.value_before, str(refusal))
            continue
        attempt = Attempt(design, found, pre_trend, placebo, overlap, rollout.value_before)
        if attempt.is_causal:
            yield attempt
            break
        failed = [name for name in ("pre_trend", "placebo", "overlap") if getattr(attempt, name).verdict == FAILED]
        yield replace(attempt, refused_reason=f"it failed the check of {' and '.join(failed)}".replace("_", " "))
    yield _description(rollout)


def _description(rollout: Rollout) -> Attempt:
    not_testable = Verdict(NOT_TESTABLE, "a description assumes nothing and proves nothing")
    try:
        found = before_after_difference(rollout.treated_months(), outcome="rate", is_after="is_after")
    except EstimateRefused as refusal:
        return Attempt("before_after", None, not_testable, not_testable, not_testable, rollout.value_before, str(refusal))
    reason = "it includes trend, season and everything else that changed"
    return Attempt("before_after", found, not_testable, not_testable, not_testable, rollout.value_before, reason)


def _balance(rows: pl.DataFrame) -> Verdict:
    held_out = rows.filter("is_held_out")
    breaches = float((held_out["n_attempts"] > 0).to_numpy().mean())
    known = rows.drop_nulls("days_since_visit")
    arms = known.group_by("is_held_out", maintain_order=True).agg(
        pl.col("days_since_visit").mean().alias("mean"), pl.col("days_since_visit").var().alias("var")
    )
    difference = None
    if arms.height == 2 and (spread := (float(arms["var"].fill_null(0).sum()) / 2) ** 0.5):
        difference = (
            float(arms.filter("is_held_out")["mean"].item() - arms.filter(~pl.col("is_held_out"))["mean"].item()) / spread
        )
    difference_text = "not known" if difference is None else f"{difference:+.2f} standard deviations"
    note = f"{breaches:.0%} of those held out were contacted; days since the last visit differ by {difference_text}"
    if breaches > BREACHES:
        return Verdict(FAILED, note)
    return Verdict(WARNED if difference is None or abs(difference) > BALANCE else PASSED, note)
