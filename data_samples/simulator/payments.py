"""Remittances, patient payments and write-offs."""

import numpy as np
import polars as pl

from data_samples.simulator.money import dollars, evening

_REVERSED = 0.004


def payer_money(claims: pl.DataFrame, lines: pl.DataFrame, random: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`remittances` by claim line (a few reversed and posted again), and write-offs of what stayed denied."""
    of = claims[lines["visit"]]
    is_lost, allowed = lines["is_lost"].to_numpy(), lines["allowed"].to_numpy()
    posted = np.where(lines["is_denied"].to_numpy(), of["settled_on"].to_numpy(), of["answered_on"].to_numpy())
    answered = lines.with_columns(
        claim_id=of["claim_id"],
        posted=pl.Series(posted),
        contractual=pl.col("cents") - pl.col("allowed"),
        due=pl.when("is_lost").then(0).otherwise("responsibility"),
        paid=pl.when("is_lost").then(0).otherwise(pl.col("allowed") - pl.col("responsibility")),
    ).filter(of["is_claimed"])
    wrong = answered.filter(pl.Series(random.random(answered.height) < _REVERSED))
    back = wrong["posted"].to_numpy() + random.integers(15, 40, wrong.height).astype("timedelta64[D]")
    remittances = pl.concat(
        [
            _posting(answered, 1, answered["posted"].to_numpy(), 1),
            _posting(wrong, 2, back, -1),
            _posting(wrong, 3, back + np.timedelta64(9, "D"), 1),
        ]
    )
    lost = np.flatnonzero(is_lost & (allowed > 0))
    gone = of["settled_on"].to_numpy()[lost] + random.integers(5, 25, len(lost)).astype("timedelta64[D]")
    return remittances, _write_offs(of[lost], lines[lost], allowed[lost], gone, np.full(len(lost), "denial"))


def _posting(lines: pl.DataFrame, number: int, on: np.ndarray, sign: int) -> pl.DataFrame:
    return lines.select(
        remittance_id="rem-" + pl.col("charge_id").str.slice(4) + f"-{number}",
        claim_id="claim_id",
        line_number=pl.col("line_number").cast(pl.Int32),
        posted_on=pl.Series(on),
        payment_usd=dollars(sign * lines["paid"]),
        contractual_adjustment_usd=dollars(sign * lines["contractual"]),
        other_adjustment_usd=dollars(0 * lines["paid"]),
        patient_responsibility_usd=dollars(sign * lines["due"]),
        is_reversal=pl.lit(sign < 0),
        updated_at=evening(on),
    )


def _write_offs(of: pl.DataFrame, lines: pl.DataFrame, cents: np.ndarray, on: np.ndarray, reason: np.ndarray) -> pl.DataFrame:
    return of.select(
        write_off_id="wof-" + lines["charge_id"].str.slice(4),
        account_id="account_id",
        claim_id=pl.when("is_claimed").then("claim_id"),
        charge_id=lines["charge_id"],
        written_off_on=pl.Series(on),
        amount_usd=dollars(cents),
        reason=pl.Series(reason),
        updated_at=evening(on),
    )


def patient_money(claims: pl.DataFrame, lines: pl.DataFrame, random: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`patient_payments` at the desk and later, and write-offs of what patients never paid."""
    of = claims[lines["visit"]]
    n = lines.height
    owed = np.where(lines["is_lost"].to_numpy(), 0, lines["responsibility"].to_numpy())
    is_self_pay = ~of["is_claimed"].to_numpy()
    at_desk = (lines["line_number"].to_numpy() == 1) & (random.random(n) < np.where(is_self_pay, 0.70, 0.55)) & (owed > 0)
    at_desk &= of["visit_type"].to_numpy() != "telehealth"
    copay = np.where(is_self_pay, owed, np.minimum(owed, 100 * random.choice((15, 20, 25, 35), n)))
    taken = np.where(at_desk, copay, 0)
    rest = owed - taken
    billed_on = np.where(is_self_pay, of["posted_on"].to_numpy(), of["settled_on"].to_numpy())
    pays = (rest > 0) & (random.random(n) < np.where(is_self_pay, 0.74, 0.87))
    paid_on = billed_on + random.integers(9, 75, n).astype("timedelta64[D]")
    now, later = np.flatnonzero(taken > 0), np.flatnonzero(pays)
    payments = pl.concat(
        [
            _payments(of[now], lines[now], of["service_on"].to_numpy()[now], taken[now], True, random),
            _payments(of[later], lines[later], paid_on[later], rest[later], False, random),
        ]
    )
    lost = np.flatnonzero((rest > 0) & ~pays)
    is_small = rest[lost] < 1000
    wait = np.where(is_small, 90, 140) + random.integers(0, 20, len(lost))
    reason = np.select([is_small, random.random(len(lost)) < 0.15], ["small_balance", "charity"], "bad_debt")
    gone = billed_on[lost] + wait.astype("timedelta64[D]")
    return payments, _write_offs(of[lost], lines[lost], rest[lost], gone, reason)


def _payments(
    of: pl.DataFrame, lines: pl.DataFrame, on: np.ndarray, cents: np.ndarray, is_at_service: bool, random: np.random.Generator
) -> pl.DataFrame:
    method = random.choice(("card", "cash", "check"), of.height, p=(0.78, 0.12, 0.10))
    if not is_at_service:
        method = random.choice(("card", "check", "portal"), of.height, p=(0.34, 0.26, 0.40))
    return of.select(
        payment_id="pay-" + lines["charge_id"].str.slice(4) + ("-1" if is_at_service else "-2"),
        account_id="account_id",
        encounter_id="encounter_id",
        charge_id=lines["charge_id"],
        paid_on=pl.Series(on),
        amount_usd=dollars(cents),
        method=pl.Series(method),
        is_at_service=pl.lit(is_at_service),
        updated_at=evening(on),
    )
