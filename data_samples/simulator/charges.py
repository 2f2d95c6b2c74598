"""Charges of a visit: its charge lines, reversals and corrected entries."""

import numpy as np
import polars as pl

from data_samples.simulator.money import dollars, evening
from data_samples.simulator.practice import PAYERS, SELF_PAY

# Service code of the practice, fee in dollars; share of visits that have it besides the visit itself.
_FEES = {
    "VISIT-PREVENTIVE": 245,
    "VISIT-STANDARD": 178,
    "VISIT-COMPLEX": 262,
    "VISIT-TELEHEALTH": 128,
    "LAB-PANEL": 84,
    "LAB-SINGLE": 38,
    "VACCINE": 72,
    "PROCEDURE": 146,
}
_EXTRAS = (("LAB-PANEL", 0.32), ("LAB-SINGLE", 0.24), ("VACCINE", 0.16), ("PROCEDURE", 0.12))
_SELF_PAY_PERCENT = 55
_TAKEN_BACK = 0.003


def charge_lines(seen: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """One row per charge of the visits `seen`: visit (row number), service_code, cents, line_number within the visit."""
    n = seen.height
    kind = seen["visit_type"].to_numpy()
    visit = np.where(random.random(n) < 0.34, "VISIT-COMPLEX", "VISIT-STANDARD")
    visit = np.select([kind == "preventive", kind == "telehealth"], ["VISIT-PREVENTIVE", "VISIT-TELEHEALTH"], visit)
    rows, codes = [np.arange(n)], [visit]
    for extra_code, share in _EXTRAS:
        extra = np.flatnonzero((random.random(n) < share) & (kind != "telehealth"))
        rows.append(extra)
        codes.append(np.full(len(extra), extra_code))
    row, code = np.concatenate(rows), np.concatenate(codes)
    cents = pl.Series(code).replace_strict(_FEES, return_dtype=pl.Int64).to_numpy() * 100
    cents = np.where(seen["payer"].to_numpy()[row] == SELF_PAY, cents * _SELF_PAY_PERCENT // 100, cents)
    frame = pl.DataFrame({"visit": row, "service_code": code, "cents": cents}).sort("visit", maintain_order=True)
    return frame.with_columns(line_number=pl.int_range(1, pl.len() + 1).over("visit"))


def charges(seen: pl.DataFrame, lines: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """The extract `charges`: every line, and for a few a reversal and a corrected entry, so that their sum stays."""
    of = seen[lines["visit"]]
    entered = pl.DataFrame(
        {
            "charge_id": lines["charge_id"],
            "account_id": of["account_id"],
            "encounter_id": of["encounter_id"],
            "location_id": of["location_id"],
            "provider_npi": of["npi"],
            "payer_class": PAYERS["payer_class"].gather(of["payer"]),
            "service_code": lines["service_code"],
            "service_on": of["day"],
            "posted_on": lines["posted_on"],
            "units": pl.repeat(1, lines.height, dtype=pl.Int32, eager=True),
            "charge_usd": dollars(lines["cents"]),
            "updated_at": evening(lines["posted_on"]),
        }
    )
    wrong = entered.filter(pl.Series(random.random(entered.height) < _TAKEN_BACK))
    posted = wrong["posted_on"].dt.offset_by("3d")
    again = wrong.with_columns(posted_on=posted, updated_at=evening(posted))
    back = again.with_columns(charge_id=pl.col("charge_id") + "-back", units=-pl.col("units"), charge_usd=-pl.col("charge_usd"))
    return pl.concat([entered, back, again.with_columns(charge_id=pl.col("charge_id") + "-again")])
