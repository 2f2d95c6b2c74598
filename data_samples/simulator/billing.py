"""Bills one chunk: from the charges of a visit to the last payment or write-off."""

import numpy as np
import polars as pl

from data_samples.simulator.adjudication import adjudicate
from data_samples.simulator.charges import charge_lines, charges
from data_samples.simulator.claims import claim_rows, denials, submissions
from data_samples.simulator.payments import patient_money, payer_money
from data_samples.simulator.practice import PAYERS, SELF_PAY, Practice
from data_samples.simulator.visits import Visits


def bill(visits: Visits, accounts: pl.DataFrame, practice: Practice, random: np.random.Generator) -> dict[str, pl.DataFrame]:
    """Versions of every billing extract but `accounts`, by extract."""
    seen = visits.seen
    seen = seen.with_columns(account_id=_account_of(seen, accounts), npi=practice.clinicians["npi"].gather(seen["clinician"]))
    lines = charge_lines(seen, random)
    claims, lines = adjudicate(seen, lines, random)
    charged = charges(seen, lines, random)
    remittances, denied_for_good = payer_money(claims, lines, random)
    patient_payments, never_paid = patient_money(claims, lines, random)
    return {
        "charges": charged,
        **claim_rows(claims, lines),
        "claim_submissions": submissions(claims),
        "claim_denials": denials(claims),
        "remittances": remittances,
        "patient_payments": patient_payments,
        "eligibility_checks": _eligibility(visits, accounts, random),
        "write_offs": pl.concat([denied_for_good, never_paid]),
    }


def _account_of(seen: pl.DataFrame, accounts: pl.DataFrame) -> pl.Series:
    """The first account of the patient; the second one from its opening on, where there are two."""
    first = accounts.filter(pl.col("account_number") == 1).select("patient", first="account_id")
    second = accounts.filter(pl.col("account_number") == 2).select("patient", "opened_on", second="account_id")
    joined = seen.select("patient", "day").join(first, on="patient", how="left", maintain_order="left")
    joined = joined.join(second, on="patient", how="left", maintain_order="left")
    is_second = pl.col("day") >= pl.col("opened_on")
    return joined.select(pl.when(is_second.fill_null(False)).then("second").otherwise("first")).to_series()


def _eligibility(visits: Visits, accounts: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """`eligibility_checks`: coverage checked before most appointments, and before more of them under the program."""
    booked = visits.appointments.filter(pl.col("payer") != SELF_PAY)
    share = np.where(booked["has_program"].to_numpy(), 0.93, 0.78)
    booked = booked.filter(pl.Series(random.random(booked.height) < share))
    n = booked.height
    at = booked["starts_at"].to_numpy() - (random.uniform(6, 80, n) * 60).astype("timedelta64[m]")
    at = np.maximum(at, booked["booked_at"].to_numpy() + np.timedelta64(1, "m"))
    first = accounts.filter(pl.col("account_number") == 1).select("patient", "account_id")
    return pl.DataFrame(
        {
            "check_id": "chk-" + booked["appointment_id"].str.slice(4),
            "account_id": booked.select("patient").join(first, on="patient", how="left", maintain_order="left")["account_id"],
            "appointment_id": booked["appointment_id"],
            "payer_id": PAYERS["payer_id"].gather(booked["payer"]),
            "checked_at": pl.Series(at),
            "result": pl.Series(random.choice(("active", "inactive", "error"), n, p=(0.955, 0.03, 0.015))),
            "updated_at": pl.Series(at),
        }
    )
