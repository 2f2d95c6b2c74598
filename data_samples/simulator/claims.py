"""The extracts that follow a claim: claims, their lines, submissions and denials."""

import numpy as np
import polars as pl

from data_samples.simulator.adjudication import DENIALS
from data_samples.simulator.deliveries import two_versions
from data_samples.simulator.money import NO_DAY, dollars, evening
from data_samples.simulator.practice import PAYERS

_NEVER = pl.lit(None, dtype=pl.Datetime("us"))
_FROM_EVENING_TO_MORNING = np.timedelta64(10, "h")


def claim_rows(claims: pl.DataFrame, lines: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """`claims` in three versions (made, first answered, settled) and `claim_lines`."""
    own = claims.filter("is_claimed")
    status = pl.when(~pl.col("is_denied")).then(pl.lit("paid"))
    whole = own.select(
        "claim_id",
        "account_id",
        "encounter_id",
        "location_id",
        "payer_class",
        "service_on",
        "created_on",
        provider_npi="npi",
        payer_id=PAYERS["payer_id"].gather(own["payer"]),
        payer_name=PAYERS["payer_name"].gather(own["payer"]),
        billed_usd=dollars(own["cents"]),
        created=evening(own["created_on"]),
        answered=evening(own["answered_on"]),
        settled=evening(np.where(own["is_denied"].to_numpy(), own["settled_on"].to_numpy(), NO_DAY)),
        first=status.when("is_line_denial").then(pl.lit("partially_paid")).otherwise(pl.lit("denied")),
        last=pl.when("is_overturned")
        .then(pl.lit("paid"))
        .when("is_line_denial")
        .then(pl.lit("partially_paid"))
        .otherwise(pl.lit("denied")),
    )
    versions = [
        whole.with_columns(status=pl.lit("open"), updated_at="created", superseded_at="answered"),
        whole.with_columns(status="first", updated_at="answered", superseded_at="settled"),
        whole.filter(pl.col("settled").is_not_null()).with_columns(status="last", updated_at="settled", superseded_at=_NEVER),
    ]
    claimed = lines.filter(claims["is_claimed"].gather(lines["visit"]))
    of = claims[claimed["visit"]]
    claim_lines = claimed.select(
        claim_id=of["claim_id"],
        line_number=pl.col("line_number").cast(pl.Int32),
        charge_id="charge_id",
        billed_usd=dollars(claimed["cents"]),
        updated_at=evening(of["created_on"]),
    )
    return {"claims": pl.concat(versions), "claim_lines": claim_lines}


def submissions(claims: pl.DataFrame) -> pl.DataFrame:
    """`claim_submissions`: the first, another after a rejection, another with an appeal."""
    own = claims.filter("is_claimed")
    again, appeals = own.filter("is_rejected"), own.filter("is_denied")
    frames = [
        _sent(own, "sent_on", 1, pl.col("is_rejected")),
        _sent(again, "accepted_on", 2, pl.lit(False)),
        _sent(appeals, "appealed_on", 3, pl.lit(False)),
    ]
    return pl.concat(frames)


def _sent(claims: pl.DataFrame, day: str, number: int, is_rejected: pl.Expr) -> pl.DataFrame:
    at = pl.Series(evening(claims[day]).to_numpy() - _FROM_EVENING_TO_MORNING)
    return claims.select(
        submission_id="sub-" + pl.col("claim_id").str.slice(4) + f"-{number}",
        claim_id="claim_id",
        submitted_at=at,
        is_resubmission=pl.lit(number > 1),
        result=pl.when(is_rejected).then(pl.lit("rejected")).otherwise(pl.lit("accepted")),
        rejection_reason=pl.when(is_rejected).then(pl.lit("Member number not found")),
        updated_at=pl.Series(at.to_numpy() + np.timedelta64(2, "h")),
    )


def denials(claims: pl.DataFrame) -> pl.DataFrame:
    """`claim_denials`: of the whole claim or of its last line, as they came and as they were overturned."""
    denied = claims.filter(pl.col("is_claimed") & pl.col("is_denied"))
    categories, codes, _ = (pl.Series(column) for column in zip(*DENIALS, strict=True))
    is_line = denied["is_line_denial"].to_numpy()
    overturned = np.where(denied["is_overturned"].to_numpy(), denied["settled_on"].to_numpy(), NO_DAY)
    frame = denied.select(
        denial_id="den-" + pl.col("claim_id").str.slice(4),
        claim_id="claim_id",
        line_number=pl.when("is_line_denial").then("n_lines").cast(pl.Int32),
        denied_on="answered_on",
        is_initial=pl.lit(True),
        reason_code=codes.gather(denied["denial"]),
        reason_category=categories.gather(denied["denial"]),
        denied_usd=dollars(np.where(is_line, denied["last_cents"].to_numpy(), denied["cents"].to_numpy())),
        overturned_on=pl.Series(overturned),
        began=evening(denied["answered_on"]),
        ended=evening(overturned),
    )
    return two_versions(frame, began="began", ended="ended", before={"overturned_on": pl.lit(None)})
