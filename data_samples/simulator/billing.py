"""The billing of one chunk: from the charge of a visit to the last cent that came in or was written off.

Rates are chosen so that the sums look like those of a sound practice: initial denials near 10 % of claims, net collection near
95 %, net days in A/R near 40.
"""

import numpy as np
import polars as pl

from data_samples.simulator.clock import local_instants
from data_samples.simulator.deliveries import two_versions
from data_samples.simulator.population import Population
from data_samples.simulator.practice import PAYERS, Practice
from data_samples.simulator.visits import Visits

_DAY = np.timedelta64(1, "D")
_NAT = np.datetime64("NaT", "D")
# Service code of the practice, fee in dollars.
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
# Payer class: days to the answer (mean, spread), share of the allowed amount that is the patient's.
_ANSWERS = {"commercial": (28, 8, 0.21), "medicare": (20, 4, 0.14), "medicaid": (34, 10, 0.01), "other": (30, 8, 0.12), "self_pay": (1, 1, 0)}
_DENIALS = (
    ("eligibility", "27", 0.26),
    ("authorization", "197", 0.17),
    ("coding", "16", 0.27),
    ("duplicate", "18", 0.10),
    ("timely_filing", "29", 0.04),
    ("medical_necessity", "50", 0.10),
    ("other", "96", 0.06),
)
_SELF_PAY = 8
_DENIED, _OVERTURNED, _REJECTED, _REVERSED = 0.098, 0.72, 0.038, 0.004


def evening(days: np.ndarray) -> pl.Series:
    """The instant at which a day's batch is closed; null where there is no day."""
    known = ~np.isnat(days)
    at = np.full(len(days), np.datetime64("NaT"), dtype="datetime64[us]")
    at[known] = local_instants(days[known], np.full(known.sum(), 20 * 60))
    return pl.Series(at)


def _dollars(cents: np.ndarray) -> pl.Series:
    return pl.Series(np.asarray(cents, dtype=np.int64)) / 100


def bill(population: Population, visits: Visits, accounts: pl.DataFrame, practice: Practice, random) -> dict[str, pl.DataFrame]:
    """Versions of every extract but accounts: charges, claims and money of one chunk's completed visits."""
    seen = visits.encounters.filter(~pl.col("is_historic"))
    seen = seen.with_columns(account_id=_account_of(seen, accounts), npi=practice.clinicians["npi"].gather(seen["clinician"]))
    lines = _charge_lines(seen, random)
    claims, lines = _claims(seen, lines, random)
    versions = {
        "charges": _charges(seen, lines),
        **_claim_rows(claims, lines),
        **_submissions(claims),
        **_answers(claims, lines, random),
        **_patient_money(seen, claims, lines, random),
        "eligibility_checks": _eligibility(visits, accounts, random),
    }
    versions["write_offs"] = pl.concat([versions.pop("_denial_write_offs"), versions.pop("_patient_write_offs")])
    return versions


def _account_of(seen: pl.DataFrame, accounts: pl.DataFrame) -> pl.Series:
    """The first account of the patient; the second one from its opening on, where there are two."""
    first = accounts.filter(pl.col("account_number") == 1).select("patient", first="account_id")
    second = accounts.filter(pl.col("account_number") == 2).select("patient", "opened_on", second="account_id")
    joined = seen.select("patient", "day").join(first, on="patient", how="left", maintain_order="left")
    joined = joined.join(second, on="patient", how="left", maintain_order="left")
    is_second = pl.col("day") >= pl.col("opened_on")
    return joined.select(pl.when(is_second.fill_null(False)).then("second").otherwise("first")).to_series()


def _charge_lines(seen: pl.DataFrame, random) -> pl.DataFrame:
    n = seen.height
    kind = seen["visit_type"].to_numpy()
    complex_visit = random.random(n) < 0.34
    visit = np.where(complex_visit, "VISIT-COMPLEX", "VISIT-STANDARD")
    visit = np.select([kind == "preventive", kind == "telehealth"], ["VISIT-PREVENTIVE", "VISIT-TELEHEALTH"], visit)
    rows, codes = [np.arange(n)], [visit]
    for code, share in _EXTRAS:
        extra = np.flatnonzero((random.random(n) < share) & (kind != "telehealth"))
        rows.append(extra)
        codes.append(np.full(len(extra), code))
    row, code = np.concatenate(rows), np.concatenate(codes)
    cents = pl.Series(code).replace_strict(_FEES, return_dtype=pl.Int64).to_numpy() * 100
    cents = np.where(seen["payer"].to_numpy()[row] == _SELF_PAY, cents * 55 // 100, cents)
    frame = pl.DataFrame({"visit": row, "service_code": code, "cents": cents}).sort("visit", maintain_order=True)
    return frame.with_columns(line_number=pl.int_range(1, pl.len() + 1).over("visit"))


def _claims(seen: pl.DataFrame, lines: pl.DataFrame, random) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row per visit with every date and decision on it; lines with allowed amount and patient's part, in cents."""
    n = seen.height
    payer = seen["payer"].to_numpy()
    payer_class = PAYERS["payer_class"].to_numpy()[payer]
    service = seen["day"].to_numpy().astype("datetime64[D]")

    def days(values) -> np.ndarray:
        return np.maximum(np.round(values), 0).astype("timedelta64[D]")

    late = random.random(n) < 0.02
    posted = service + days(random.exponential(1.6, n) + late * random.uniform(15, 40, n))
    created = posted + days(random.uniform(0, 2, n))
    sent = created + days(random.uniform(0, 1.4, n))
    is_rejected = random.random(n) < _REJECTED
    resent = np.where(is_rejected, sent + days(random.uniform(3, 9, n)), _NAT)
    accepted = np.where(is_rejected, resent, sent)
    wait = np.array([_ANSWERS[name][0] for name in payer_class]) + random.normal(0, 1, n) * np.array(
        [_ANSWERS[name][1] for name in payer_class]
    )
    answered = accepted + days(wait.clip(6))
    is_denied = random.random(n) < _DENIED
    is_overturned = is_denied & (random.random(n) < _OVERTURNED)
    appealed = np.where(is_denied, answered + days(random.uniform(6, 22, n)), _NAT)
    settled = np.where(is_denied, appealed + days(random.uniform(14, 38, n)), answered)
    claims = seen.select("encounter_id", "account_id", "location_id", "npi", "number", "patient", "rank").with_columns(
        visit=pl.Series(np.arange(n)),
        claim_id="clm-" + pl.col("encounter_id").str.slice(4),
        payer=pl.Series(payer),
        payer_class=pl.Series(payer_class),
        is_claimed=pl.Series(payer != _SELF_PAY),
        service_on=pl.Series(service),
        posted_on=pl.Series(posted),
        created_on=pl.Series(created),
        sent_on=pl.Series(sent),
        is_rejected=pl.Series(is_rejected),
        accepted_on=pl.Series(accepted),
        answered_on=pl.Series(answered),
        is_denied=pl.Series(is_denied),
        is_line_denial=pl.Series(random.random(n) < 0.2),
        is_overturned=pl.Series(is_overturned),
        appealed_on=pl.Series(appealed),
        settled_on=pl.Series(settled),
        denial=pl.Series(random.choice(len(_DENIALS), n, p=[share for *_, share in _DENIALS])),
    )
    share = PAYERS["allowed_share"].to_numpy()[payer] * random.uniform(0.94, 1.06, n)
    own = np.array([_ANSWERS[name][2] for name in payer_class]) * random.choice((0.3, 1.0, 2.2), n, p=(0.45, 0.35, 0.20))
    visit, cents = lines["visit"].to_numpy(), lines["cents"].to_numpy()
    allowed = np.where(payer[visit] == _SELF_PAY, cents, np.round(cents * np.minimum(share[visit], 1)).astype(np.int64))
    responsibility = np.where(payer[visit] == _SELF_PAY, cents, np.round(allowed * own[visit]).astype(np.int64))
    lines = lines.with_columns(
        allowed=pl.Series(allowed),
        responsibility=pl.Series(responsibility),
        charge_id="chg-" + claims["encounter_id"].str.slice(4).gather(lines["visit"]) + "-" + lines["line_number"].cast(pl.String),
        posted_on=claims["posted_on"].gather(lines["visit"]),
    )
    totals = lines.group_by("visit", maintain_order=True).agg(pl.sum("cents"), pl.sum("allowed"), pl.sum("responsibility"), n_lines=pl.len())
    return claims.join(totals, on="visit", how="left", maintain_order="left"), lines


def _charges(seen: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    of = seen[lines["visit"]]
    service = of["day"].to_numpy().astype("datetime64[D]")
    return pl.DataFrame(
        {
            "charge_id": lines["charge_id"],
            "account_id": of["account_id"],
            "encounter_id": of["encounter_id"],
            "location_id": of["location_id"],
            "provider_npi": of["npi"],
            "payer_class": PAYERS["payer_class"].gather(of["payer"]),
            "service_code": lines["service_code"],
            "service_on": pl.Series(service),
            "posted_on": lines["posted_on"],
            "units": pl.repeat(1, lines.height, dtype=pl.Int32, eager=True),
            "charge_usd": _dollars(lines["cents"].to_numpy()),
            "updated_at": evening(lines["posted_on"].to_numpy().astype("datetime64[D]")),
        }
    )


def _claim_rows(claims: pl.DataFrame, lines: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Claims as they were made, first answered and settled, and their lines."""
    own = claims.filter("is_claimed")
    status = pl.when(~pl.col("is_denied")).then(pl.lit("paid"))
    base = pl.DataFrame(
        {
            "claim_id": own["claim_id"],
            "account_id": own["account_id"],
            "encounter_id": own["encounter_id"],
            "location_id": own["location_id"],
            "provider_npi": own["npi"],
            "payer_id": PAYERS["payer_id"].gather(own["payer"]),
            "payer_name": PAYERS["payer_name"].gather(own["payer"]),
            "payer_class": own["payer_class"],
            "service_on": own["service_on"],
            "created_on": own["created_on"],
            "billed_usd": _dollars(own["cents"].to_numpy()),
        }
    )
    stages = own.select(
        created=evening(own["created_on"].to_numpy()),
        answered=evening(own["answered_on"].to_numpy()),
        settled=evening(np.where(own["is_denied"].to_numpy(), own["settled_on"].to_numpy(), _NAT)),
        first=status.when("is_line_denial").then(pl.lit("partially_paid")).otherwise(pl.lit("denied")),
        last=pl.when("is_overturned").then(pl.lit("paid")).when("is_line_denial").then(pl.lit("partially_paid")).otherwise(pl.lit("denied")),
    )
    whole = pl.concat([base, stages], how="horizontal")
    versions = [
        whole.with_columns(status=pl.lit("open"), updated_at="created", superseded_at="answered"),
        whole.with_columns(status="first", updated_at="answered", superseded_at="settled"),
        whole.filter(pl.col("settled").is_not_null()).with_columns(
            status="last", updated_at="settled", superseded_at=pl.lit(None, dtype=pl.Datetime("us"))
        ),
    ]
    claimed = lines.filter(claims["is_claimed"].gather(lines["visit"]))
    of = claims[claimed["visit"]]
    claim_lines = pl.DataFrame(
        {
            "claim_id": of["claim_id"],
            "line_number": claimed["line_number"].cast(pl.Int32),
            "charge_id": claimed["charge_id"],
            "billed_usd": _dollars(claimed["cents"].to_numpy()),
            "updated_at": evening(of["created_on"].to_numpy()),
        }
    )
    return {"claims": pl.concat(versions).drop("created", "answered", "settled", "first", "last"), "claim_lines": claim_lines}


def _morning(days: pl.Series) -> pl.Series:
    return pl.Series(evening(days.to_numpy()).to_numpy() - np.timedelta64(10, "h"))


def _submissions(claims: pl.DataFrame) -> dict[str, pl.DataFrame]:
    own = claims.filter("is_claimed")

    def sent(of: pl.DataFrame, day: str, number: int, is_rejected) -> pl.DataFrame:
        rejected = is_rejected if isinstance(is_rejected, pl.Series) else pl.repeat(is_rejected, of.height, eager=True)
        at = _morning(of[day])
        return pl.DataFrame(
            {
                "submission_id": "sub-" + of["claim_id"].str.slice(4) + f"-{number}",
                "claim_id": of["claim_id"],
                "submitted_at": at,
                "is_resubmission": pl.repeat(number > 1, of.height, eager=True),
                "result": pl.select(pl.when(rejected).then(pl.lit("rejected")).otherwise(pl.lit("accepted"))).to_series(),
                "rejection_reason": pl.select(pl.when(rejected).then(pl.lit("Member number not found"))).to_series(),
                "updated_at": pl.Series(at.to_numpy() + np.timedelta64(2, "h")),
            }
        )

    again = own.filter("is_rejected")
    appeals = own.filter("is_denied")
    frames = [sent(own, "sent_on", 1, own["is_rejected"]), sent(again, "accepted_on", 2, False), sent(appeals, "appealed_on", 3, False)]
    return {"claim_submissions": pl.concat(frames)}


def _answers(claims: pl.DataFrame, lines: pl.DataFrame, random) -> dict[str, pl.DataFrame]:
    """Denials, remittances by line, and write-offs of what stayed denied."""
    of = claims[lines["visit"]]
    is_hit = of["is_claimed"].to_numpy() & of["is_denied"].to_numpy()
    is_hit &= ~of["is_line_denial"].to_numpy() | (lines["line_number"].to_numpy() == of["n_lines"].to_numpy())
    is_lost = is_hit & ~of["is_overturned"].to_numpy()
    allowed, responsibility = lines["allowed"].to_numpy(), np.where(is_lost, 0, lines["responsibility"].to_numpy())
    cents = lines["cents"].to_numpy()
    paid = np.where(is_lost, 0, allowed - responsibility)
    posted = np.where(is_hit, of["settled_on"].to_numpy(), of["answered_on"].to_numpy())
    claimed = np.flatnonzero(of["is_claimed"].to_numpy())
    contractual = cents - allowed

    def posting(rows, number: int, on, sign: int, is_reversal: bool) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "remittance_id": "rem-" + lines["charge_id"].gather(rows).str.slice(4) + f"-{number}",
                "claim_id": of["claim_id"].gather(rows),
                "line_number": lines["line_number"].gather(rows).cast(pl.Int32),
                "posted_on": pl.Series(on),
                "payment_usd": _dollars(sign * paid[rows]),
                "contractual_adjustment_usd": _dollars(sign * contractual[rows]),
                "other_adjustment_usd": _dollars(0 * paid[rows]),
                "patient_responsibility_usd": _dollars(sign * responsibility[rows]),
                "is_reversal": pl.repeat(is_reversal, len(rows), eager=True),
                "updated_at": evening(on),
            }
        )

    reversed_rows = claimed[random.random(len(claimed)) < _REVERSED]
    back = posted[reversed_rows] + random.integers(15, 40, len(reversed_rows)).astype("timedelta64[D]")
    remittances = pl.concat(
        [
            posting(claimed, 1, posted[claimed], 1, False),
            posting(reversed_rows, 2, back, -1, True),
            posting(reversed_rows, 3, back + 9 * _DAY, 1, False),
        ]
    )
    lost = np.flatnonzero(is_lost & (paid == 0) & (allowed > 0))
    gone = of["settled_on"].to_numpy()[lost] + random.integers(5, 25, len(lost)).astype("timedelta64[D]")
    write_offs = _write_offs(of[lost], lines[lost], allowed[lost], gone, np.full(len(lost), "denial"))
    return {"claim_denials": _denials(claims, lines), "remittances": remittances, "_denial_write_offs": write_offs}


def _denials(claims: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    denied = claims.filter(pl.col("is_claimed") & pl.col("is_denied"))
    last_line = lines.group_by("visit", maintain_order=True).agg(last=pl.last("cents"))
    denied = denied.join(last_line, on="visit", how="left", maintain_order="left")
    categories, codes, _ = (np.array(column) for column in zip(*_DENIALS, strict=True))
    kind = denied["denial"].to_numpy()
    overturned = np.where(denied["is_overturned"].to_numpy(), denied["settled_on"].to_numpy(), _NAT)
    frame = pl.DataFrame(
        {
            "denial_id": "den-" + denied["claim_id"].str.slice(4),
            "claim_id": denied["claim_id"],
            "line_number": denied.select(pl.when("is_line_denial").then("n_lines").cast(pl.Int32)).to_series(),
            "denied_on": denied["answered_on"],
            "is_initial": pl.repeat(True, denied.height, eager=True),
            "reason_code": pl.Series(codes[kind]),
            "reason_category": pl.Series(categories[kind]),
            "denied_usd": _dollars(np.where(denied["is_line_denial"].to_numpy(), denied["last"].to_numpy(), denied["cents"].to_numpy())),
            "overturned_on": pl.Series(overturned),
            "began": evening(denied["answered_on"].to_numpy()),
            "ended": evening(overturned),
        }
    )
    return two_versions(frame, began="began", ended="ended", before={"overturned_on": pl.lit(None)})


def _write_offs(of: pl.DataFrame, lines: pl.DataFrame, cents, on, reason) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "write_off_id": "wof-" + lines["charge_id"].str.slice(4),
            "account_id": of["account_id"],
            "claim_id": of.select(pl.when("is_claimed").then("claim_id")).to_series(),
            "charge_id": lines["charge_id"],
            "written_off_on": pl.Series(on),
            "amount_usd": _dollars(cents),
            "reason": pl.Series(reason),
            "updated_at": evening(on),
        }
    )


def _patient_money(seen: pl.DataFrame, claims: pl.DataFrame, lines: pl.DataFrame, random) -> dict[str, pl.DataFrame]:
    """What patients paid at the desk and later, and what was given up."""
    of = claims[lines["visit"]]
    is_lost = of["is_claimed"].to_numpy() & of["is_denied"].to_numpy() & ~of["is_overturned"].to_numpy()
    is_lost &= ~of["is_line_denial"].to_numpy() | (lines["line_number"].to_numpy() == of["n_lines"].to_numpy())
    owed = np.where(is_lost, 0, lines["responsibility"].to_numpy())
    n = len(owed)
    is_self_pay = ~of["is_claimed"].to_numpy()
    at_desk = (lines["line_number"].to_numpy() == 1) & (random.random(n) < np.where(is_self_pay, 0.70, 0.55)) & (owed > 0)
    at_desk &= ~np.isin(seen["visit_type"].to_numpy()[lines["visit"]], ["telehealth"])
    copay = np.where(is_self_pay, owed, np.minimum(owed, 100 * random.choice((15, 20, 25, 35), n)))
    taken = np.where(at_desk, copay, 0)
    rest = owed - taken
    billed_on = np.where(is_self_pay, of["posted_on"].to_numpy(), np.maximum(of["answered_on"].to_numpy(), of["settled_on"].to_numpy()))
    pays = (rest > 0) & (random.random(n) < np.where(is_self_pay, 0.74, 0.87))
    paid_on = billed_on + random.integers(9, 75, n).astype("timedelta64[D]")
    service = of["service_on"].to_numpy()
    desk_rows, later_rows = np.flatnonzero(taken > 0), np.flatnonzero(pays)
    payments = pl.concat(
        [
            _payments(of, lines, desk_rows, 1, service[desk_rows], taken, True, random),
            _payments(of, lines, later_rows, 2, paid_on[later_rows], rest, False, random),
        ]
    )
    lost = np.flatnonzero((rest > 0) & ~pays)
    small = rest[lost] < 1000
    gone = billed_on[lost] + np.where(small, 90, 140).astype("timedelta64[D]") + random.integers(0, 20, len(lost)).astype("timedelta64[D]")
    reason = np.select([small, random.random(len(lost)) < 0.15], ["small_balance", "charity"], "bad_debt")
    return {"patient_payments": payments, "_patient_write_offs": _write_offs(of[lost], lines[lost], rest[lost], gone, reason)}


def _payments(of, lines, rows, number: int, on, cents, is_at_service: bool, random) -> pl.DataFrame:
    method = random.choice(("card", "cash", "check"), len(rows), p=(0.78, 0.12, 0.10))
    if not is_at_service:
        method = random.choice(("card", "check", "portal"), len(rows), p=(0.34, 0.26, 0.40))
    return pl.DataFrame(
        {
            "payment_id": "pay-" + lines["charge_id"].gather(rows).str.slice(4) + f"-{number}",
            "account_id": of["account_id"].gather(rows),
            "encounter_id": of["encounter_id"].gather(rows),
            "charge_id": lines["charge_id"].gather(rows),
            "paid_on": pl.Series(on),
            "amount_usd": _dollars(cents[rows]),
            "method": pl.Series(method),
            "is_at_service": pl.repeat(is_at_service, len(rows), eager=True),
            "updated_at": evening(on),
        }
    )


def _eligibility(visits: Visits, accounts: pl.DataFrame, random) -> pl.DataFrame:
    """Coverage checks before appointments: most of them, more under the program."""
    booked = visits.appointments.filter(pl.col("payer") != _SELF_PAY)
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
