"""Adjudicates claims: when each is sent, rejected, answered, denied, appealed and settled, and who owes what.

Rates are chosen to resemble a well-run practice: initial denials near 10 % of claims, net collection near 95 %, gross days in A/R
near 36.
"""

import numpy as np
import polars as pl

from data_samples.simulator.money import NO_DAY, days
from data_samples.simulator.practice import PAYERS, SELF_PAY

# Payer class: days until the payer answers (mean, spread), share of the allowed amount that is the patient's.
_ANSWERS = {
    "commercial": (28, 8, 0.21),
    "medicare": (20, 4, 0.14),
    "medicaid": (34, 10, 0.01),
    "other": (30, 8, 0.12),
    "self_pay": (1, 1, 0),
}
DENIALS = (
    ("eligibility", "27", 0.26),
    ("authorization", "197", 0.17),
    ("coding", "16", 0.27),
    ("duplicate", "18", 0.10),
    ("timely_filing", "29", 0.04),
    ("medical_necessity", "50", 0.10),
    ("other", "96", 0.06),
)
"""Category, claim adjustment reason code, share of denials."""
_LATE_CHARGES, _REJECTED, _DENIED, _ONE_LINE, _OVERTURNED = 0.02, 0.038, 0.098, 0.2, 0.72


def adjudicate(seen: pl.DataFrame, lines: pl.DataFrame, random: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Claims and lines of the visits `seen`.

    Claims have a row per visit, in the order of `seen` (self-pay visits too, with `is_claimed` false): ids, days (`…_on`),
    decisions (`is_…`), sums in cents. Lines get charge_id, posted_on, allowed and responsibility (the patient's part) in
    cents, `is_denied`, and `is_lost`: denied for good.
    """
    claims = _courses(seen, random)
    payer = claims["payer"].to_numpy()
    own_share = np.array([_ANSWERS[name][2] for name in claims["payer_class"]])
    allowed_share = PAYERS["allowed_share"].to_numpy()[payer] * random.uniform(0.94, 1.06, len(payer))
    own = own_share * random.choice((0.3, 1.0, 2.2), len(payer), p=(0.45, 0.35, 0.20))
    visit, cents = lines["visit"].to_numpy(), lines["cents"].to_numpy()
    is_own = payer[visit] == SELF_PAY
    allowed = np.where(is_own, cents, np.round(cents * np.minimum(allowed_share[visit], 1)).astype(np.int64))
    responsibility = np.where(is_own, cents, np.round(allowed * own[visit]).astype(np.int64))
    lines = lines.with_columns(
        charge_id="chg-"
        + claims["encounter_id"].str.slice(4).gather(lines["visit"])
        + "-"
        + lines["line_number"].cast(pl.String),
        posted_on=claims["posted_on"].gather(lines["visit"]),
        allowed=pl.Series(allowed),
        responsibility=pl.Series(responsibility),
    )
    totals = lines.group_by("visit", maintain_order=True).agg(pl.sum("cents"), n_lines=pl.len(), last_cents=pl.last("cents"))
    claims = claims.join(totals, on="visit", how="left", maintain_order="left")
    of = claims[lines["visit"]]
    is_hit = of["is_claimed"] & of["is_denied"] & (~of["is_line_denial"] | (lines["line_number"] == of["n_lines"]))
    return claims, lines.with_columns(is_denied=is_hit, is_lost=is_hit & ~of["is_overturned"])


def _courses(seen: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    n = seen.height
    payer = seen["payer"].to_numpy()
    payer_class = PAYERS["payer_class"].gather(payer)
    service = seen["day"].to_numpy().astype("datetime64[D]")
    late = random.random(n) < _LATE_CHARGES
    posted = service + days(random.exponential(1.6, n) + late * random.uniform(15, 40, n))
    created = posted + days(random.uniform(0, 2, n))
    sent = created + days(random.uniform(0, 1.4, n))
    is_rejected = random.random(n) < _REJECTED
    resent = np.where(is_rejected, sent + days(random.uniform(3, 9, n)), NO_DAY)
    accepted = np.where(is_rejected, resent, sent)
    mean, spread = (np.array([_ANSWERS[name][i] for name in payer_class]) for i in (0, 1))
    answered = accepted + days((mean + random.normal(0, 1, n) * spread).clip(6))
    is_denied = random.random(n) < _DENIED
    is_overturned = is_denied & (random.random(n) < _OVERTURNED)
    appealed = np.where(is_denied, answered + days(random.uniform(6, 22, n)), NO_DAY)
    settled = np.where(is_denied, appealed + days(random.uniform(14, 38, n)), answered)
    return seen.select("encounter_id", "account_id", "location_id", "npi", "visit_type").with_columns(
        visit=pl.Series(np.arange(n)),
        claim_id="clm-" + pl.col("encounter_id").str.slice(4),
        payer=pl.Series(payer),
        payer_class=payer_class,
        is_claimed=pl.Series(payer != SELF_PAY),
        service_on=pl.Series(service),
        posted_on=pl.Series(posted),
        created_on=pl.Series(created),
        sent_on=pl.Series(sent),
        is_rejected=pl.Series(is_rejected),
        accepted_on=pl.Series(accepted),
        answered_on=pl.Series(answered),
        is_denied=pl.Series(is_denied),
        is_line_denial=pl.Series(random.random(n) < _ONE_LINE),
        is_overturned=pl.Series(is_overturned),
        appealed_on=pl.Series(appealed),
        settled_on=pl.Series(settled),
        denial=pl.Series(random.choice(len(DENIALS), n, p=[share for *_, share in DENIALS])),
    )
