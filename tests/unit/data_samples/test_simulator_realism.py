"""A simulated practice looks like a real one: people, visits, money, codes."""

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data_samples.simulator.simulate import Simulation, simulate

# `make test` notices a changed simulator by the bytes of the committed sample.
pytestmark = pytest.mark.slow

_CODE_SETS = Path(__file__).parents[3] / "models" / "code_sets"


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("realism")
    simulate(Simulation(n_patients=1_200, n_months=30, seed=17, has_dirt=False), folder)
    return folder


def _csv(practice: Path, source: str, extract: str, key: str) -> pl.DataFrame:
    rows = pl.concat([pl.read_csv(path, infer_schema=False) for path in sorted(practice.glob(f"{source}/*/{extract}.csv"))])
    return rows.sort("updated_at").unique(key, keep="last", maintain_order=True)


def _fhir(practice: Path, resource_type: str, **elements: pl.Expr) -> pl.DataFrame:
    lines = [line for path in sorted(practice.glob(f"ehr/*/{resource_type}.ndjson")) for line in path.read_text().splitlines()]
    frame = pl.DataFrame({"line": lines}).with_columns(id=pl.col("line").str.json_path_match("$.id"))
    frame = frame.unique("id", keep="last", maintain_order=True)
    return frame.select("id", **{name: pl.col("line").str.json_path_match(path) for name, path in elements.items()})


def test_a_patient_has_about_two_hundred_resources(practice: Path):
    n_lines = sum(path.read_bytes().count(b"\n") for path in practice.glob("ehr/*/*.ndjson"))
    assert 150 < n_lines / 1_200 < 230


def test_people_are_of_all_ages_and_sexes_and_payers(practice: Path):
    people = _fhir(practice, "Patient", birth="$.birthDate", gender="$.gender", mrn="$.identifier[0].value")
    age = 2026 - people["birth"].str.head(4).cast(pl.Int32)
    assert age.min() >= 0
    assert age.max() < 100
    assert 0.15 < (age < 18).mean() < 0.30
    assert 0.12 < (age >= 65).mean() < 0.28
    assert 0.48 < (people["gender"] == "female").mean() < 0.56
    assert people["mrn"].n_unique() == people.height
    charges = _csv(practice, "billing", "charges", "charge_id")
    assert set(charges["payer_class"]) == {"commercial", "medicare", "medicaid", "self_pay", "other"}


def test_no_shows_cancellations_and_their_times_are_those_of_a_real_schedule(practice: Path):
    appointments = _fhir(
        practice,
        "Appointment",
        status="$.status",
        start="$.start",
        created="$.created",
        reason="$.cancelationReason.coding[0].code",
    )
    past = appointments.filter(pl.col("start") < "2025-02")
    due = past.filter(pl.col("status").is_in(["fulfilled", "noshow"]))
    assert 0.12 < (due["status"] == "noshow").mean() < 0.20
    assert 0.05 < past["reason"].str.starts_with("pat").fill_null(False).mean() < 0.15
    assert (
        appointments["created"].str.to_datetime("%Y-%m-%dT%H:%M:%S%:z")
        <= appointments["start"].str.to_datetime("%Y-%m-%dT%H:%M:%S%:z")
    ).all()
    hour = appointments["start"].str.slice(11, 2).cast(pl.Int32)
    assert hour.is_between(8, 16).all()
    assert set(appointments["start"].str.tail(6)) == {"-04:00", "-05:00"}
    summer = appointments["start"].str.slice(5, 2).is_in(["04", "05", "06", "07", "08", "09", "10"])
    assert (appointments.filter(summer)["start"].str.tail(6) == "-04:00").all()


def test_visits_come_about_three_times_a_year(practice: Path):
    visits = _fhir(practice, "Encounter", start="$.period.start", end="$.period.end", patient="$.subject.reference")
    written = visits.filter(pl.col("start") >= "2024-05")
    assert 1.8 < written.height / 1_200 / 2.5 < 3.5
    assert (visits["start"] < visits["end"]).all()


def test_a_follow_up_order_of_the_last_visit_sets_the_true_interval_and_a_revoked_one_never_does(practice: Path):
    """The newest order, not revoked, authored on or after the day of the last visit before the index; else 3, 6 or 12 months."""
    orders = _fhir(
        practice,
        "ServiceRequest",
        code="$.code.coding[0].code",
        status="$.status",
        authored="$.authoredOn",
        due="$.occurrenceDateTime",
        patient_id="$.subject.reference",
    ).filter(pl.col("code") == "390906007")
    assert set(orders["status"]) == {"active", "completed", "revoked"}
    visits = _fhir(practice, "Encounter", start="$.period.start", patient_id="$.subject.reference", kind="$.class.code").filter(
        pl.col("kind") != "IMP"
    )
    index = pl.read_parquet(practice / "truth" / "disengagement_risk.parquet").filter(pl.col("index_on") < date(2026, 10, 1))
    index = index.with_columns(patient_id="Patient/" + pl.col("patient_id"))
    last_visit = (
        index.join(visits.with_columns(on=pl.col("start").str.head(10).str.to_date()), on="patient_id")
        .filter(pl.col("on") < pl.col("index_on"))
        .group_by("patient_id", "index_on")
        .agg(last_on=pl.max("on"))
    )
    orders = orders.filter(pl.col("status") != "revoked").with_columns(
        pl.col("authored").str.head(10).str.to_date(), pl.col("due").str.to_date()
    )
    newest = (
        last_visit.join(orders, on="patient_id")
        .filter((pl.col("authored") >= pl.col("last_on")) & (pl.col("authored") < pl.col("index_on")))
        .sort("authored")
        .group_by("patient_id", "index_on")
        .agg(k=(pl.col("due") - pl.col("last_on")).dt.total_days().last())
    )
    both = index.join(newest, on=["patient_id", "index_on"], how="left")
    assert 0.1 < both["k"].is_not_null().mean() < 0.4
    assert both.filter(pl.col("has_follow_up_order") != pl.col("k").is_not_null()).is_empty()
    assert both.filter(pl.col("k").is_not_null() & (pl.col("k") != pl.col("interval_days"))).is_empty()
    assert set(both.filter(pl.col("k").is_null())["interval_days"]) == {91, 183, 365}


def test_open_slots_lie_ahead_are_not_booked_and_the_third_is_some_days_away(practice: Path):
    slots = pl.concat([pl.read_csv(path, infer_schema=False) for path in practice.glob("crm/*/open_slots.csv")])
    slots = slots.unique(["snapshot_on", "practitioner_id", "starts_at"]).with_columns(
        starts=pl.col("starts_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ"), seen=pl.col("snapshot_on").str.to_date()
    )
    assert (slots["starts_at"] > slots["updated_at"]).all()
    third = slots.sort("starts").group_by("practitioner_id", "seen").agg(starts=pl.col("starts").get(2, null_on_oob=True))
    assert third["starts"].null_count() <= 5, "only clinicians who are about to leave may have fewer"
    days = (third["starts"].dt.date() - third["seen"]).dt.total_days()
    assert 3 < days.median() < 14
    appointments = _fhir(
        practice,
        "Appointment",
        status="$.status",
        start="$.start",
        created="$.created",
        practitioner_id="$.participant[1].actor.reference",
    ).filter(pl.col("status").is_in(["fulfilled", "noshow"]))
    instant = "%Y-%m-%dT%H:%M:%S%:z"
    booked = appointments.select(
        pl.col("practitioner_id").str.slice(13),
        starts=pl.col("start").str.to_datetime(instant).dt.replace_time_zone(None),
        booked=pl.col("created").str.to_datetime(instant).dt.replace_time_zone(None),
    )
    held = slots.join(booked, on=["practitioner_id", "starts"])
    assert held.filter(pl.col("booked") <= pl.col("updated_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ")).is_empty()


def test_chronic_medication_is_handed_over_with_gaps_by_some_and_without_by_most(practice: Path):
    supplies = _fhir(
        practice, "MedicationDispense", code="$.medicationCodeableConcept.coding[0].code", patient="$.subject.reference",
        days="$.daysSupply.value", at="$.whenHandedOver",
    ).with_columns(pl.col("days").cast(pl.Int32), on=pl.col("at").str.head(10).str.to_date())  # fmt: skip
    assert set(supplies["days"]) == {30, 90}
    shipped = pl.read_csv(_CODE_SETS / "codes.csv", infer_schema=False)["code"].unique()
    assert supplies["code"].is_in(shipped.implode()).mean() > 0.6
    supplies = supplies.sort("patient", "code", "on").with_columns(
        next_on=pl.col("on").shift(-1).over("patient", "code"), end_on=pl.col("on") + pl.duration(days="days")
    )
    gap = (supplies["next_on"] - supplies["end_on"]).dt.total_days().drop_nulls()
    assert 0.15 < (gap > 7).mean() < 0.55
    assert gap.min() > -95


def test_money_is_coherent_and_looks_like_a_sound_practice(practice: Path):
    """Nothing is paid twice: on every charge, what came in and was given up is at most the charge."""
    charges = _csv(practice, "billing", "charges", "charge_id").with_columns(pl.col("charge_usd").cast(pl.Float64))
    claims = _csv(practice, "billing", "claims", "claim_id").with_columns(pl.col("billed_usd").cast(pl.Float64))
    lines = pl.concat([pl.read_csv(path, infer_schema=False) for path in practice.glob("billing/*/claim_lines.csv")])
    lines = lines.unique(["claim_id", "line_number"]).with_columns(pl.col("billed_usd").cast(pl.Float64))
    billed = claims.join(lines.group_by("claim_id").agg(lines=pl.sum("billed_usd")), on="claim_id")
    assert ((billed["billed_usd"] - billed["lines"]).abs() < 0.005).all()

    money = {"remittances": "remittance_id", "patient_payments": "payment_id", "write_offs": "write_off_id"}
    remittances, payments, write_offs = (_csv(practice, "billing", name, key) for name, key in money.items())
    remittances = remittances.join(lines.select("claim_id", "line_number", "charge_id"), on=["claim_id", "line_number"])
    paid = remittances.select("charge_id", usd=pl.col("payment_usd").cast(pl.Float64), day="posted_on")
    adjusted = remittances.select("charge_id", usd=pl.col("contractual_adjustment_usd").cast(pl.Float64), day="posted_on")
    own = payments.select("charge_id", usd=pl.col("amount_usd").cast(pl.Float64), day="paid_on")
    lost = write_offs.select("charge_id", usd=pl.col("amount_usd").cast(pl.Float64), day="written_off_on")
    credited = pl.concat([paid, adjusted, own, lost]).group_by("charge_id").agg(pl.sum("usd"))
    left = charges.join(credited, on="charge_id").select(pl.col("charge_usd") - pl.col("usd")).to_series()
    assert left.min() > -0.01

    old = charges.filter(pl.col("service_on") < "2026-03")["charge_id"].implode()
    part = {
        name: frame.filter(pl.col("charge_id").is_in(old))["usd"].sum()
        for name, frame in (("in", paid), ("own", own), ("off", adjusted))
    }
    gross = charges.filter(pl.col("service_on") < "2026-03")["charge_usd"].sum()
    assert 0.92 < (part["in"] + part["own"]) / (gross - part["off"]) < 0.98

    at = "2026-06-30"
    known = pl.concat([paid, adjusted, own, lost]).filter(pl.col("day") <= at)["usd"].sum()
    receivable = charges.filter(pl.col("posted_on") <= at)["charge_usd"].sum() - known
    quarter = charges.filter(pl.col("posted_on").is_between(pl.lit("2026-04-02"), pl.lit(at)))["charge_usd"].sum() / 90
    assert 30 < receivable / quarter < 50

    denials = _csv(practice, "billing", "claim_denials", "denial_id")
    assert 0.08 < denials["claim_id"].n_unique() / claims.height < 0.12


def test_people_who_are_easily_confused_are_among_the_patients(practice: Path):
    people = _fhir(
        practice,
        "Patient",
        family="$.name[0].family",
        given="$.name[0].given[0]",
        birth="$.birthDate",
        line="$.address[0].line[0]",
    )
    same_home = people.join(people, on=["family", "line"], how="inner").filter(pl.col("id") < pl.col("id_right"))
    others = same_home.filter(~pl.col("id_right").str.ends_with("-b"))
    assert others.filter((pl.col("birth") == pl.col("birth_right")) & (pl.col("given") != pl.col("given_right"))).height > 0
    assert others.filter((pl.col("birth") != pl.col("birth_right")) & (pl.col("given") == pl.col("given_right"))).height > 0


def test_every_delivered_record_of_a_person_is_in_the_truth_once(practice: Path):
    truth = pl.read_parquet(practice / "truth" / "identities.parquet")
    assert not truth.select("source_record_type", "source_id").is_duplicated().any()
    delivered = {
        "ehr_patient": _fhir(practice, "Patient")["id"],
        "crm_contact": _csv(practice, "crm", "contacts", "contact_id")["contact_id"],
        "billing_account": _csv(practice, "billing", "accounts", "account_id")["account_id"],
    }
    for kind, ids in delivered.items():
        assert set(truth.filter(pl.col("source_record_type") == kind)["source_id"]) == set(ids)
    contacts = _csv(practice, "crm", "contacts", "contact_id")
    assert 0.35 < contacts["mrn"].is_not_null().mean() < 0.60


def test_telephone_numbers_and_addresses_are_nobodys(practice: Path):
    contacts = _csv(practice, "crm", "contacts", "contact_id")
    digits = contacts["phone"].drop_nulls().str.replace_all(r"\D", "").str.tail(10)
    assert digits.str.contains(r"^[2-9]9\d55[56]\d{4}$").all()
    assert contacts["email"].drop_nulls().str.contains(r"@example\.(com|org)$").all()


def test_every_code_that_a_measure_could_count_is_in_the_shipped_code_sets(practice: Path):
    """Codes of no value set (heart rate, a common cold) are allowed besides."""
    shipped = pl.read_csv(_CODE_SETS / "codes.csv", infer_schema=False)["code"].unique()
    needed = ["185349003", "390906007", "G0439", "185317003", "24606-6", "73761001", "57905-2", "10524-7", "21440-3", "252779009"]
    needed += [
        "4548-4",
        "98979-8",
        "9318-7",
        "13457-7",
        "I10",
        "E11.9",
        "I25.10",
        "Z51.5",
        "Z90.13",
        "Z90.710",
        "E66.9",
        "Z74.1",
        "F03.90",
    ]
    needed += [
        "266919005",
        "8517006",
        "449868002",
        "225323000",
        "73830-2",
        "11816003",
        "304549008",
        "56888-1",
        "2106-3",
        "21613-5",
    ]
    needed += [
        "617311",
        "310405",
        "314076",
        "636671",
        "312940",
        "1000126",
        "183622005",
        "443402002",
        "182922004",
        "183524004",
        "306226009",
    ]
    needed += ["385763009", "103697008", "11488-4", "08", "20", "10", "48", "133", "116", "03", "21", "83", "150"]
    assert sorted(set(needed) - set(shipped)) == []
    text = "".join(path.read_text() for path in practice.glob("ehr/*/*.ndjson"))
    assert [code for code in needed if f'"code":"{code}"' not in text] == []


def test_the_true_care_gaps_have_sensible_rates(practice: Path):
    gaps = pl.read_parquet(practice / "truth" / "care_gaps.parquet").filter(pl.col("status") != "excluded")
    closed = gaps.group_by("measure_code", "group_id", "period_year").agg(rate=(pl.col("status") == "closed").mean(), n=pl.len())
    assert closed["measure_code"].n_unique() == 17 + 5, "five of the others find patients though no rare condition is simulated"
    common = closed.filter(~pl.col("measure_code").is_in(["CMS68", "CMS149", "CMS154", "CMS156", "CMS1154"]))
    assert common.height == 2 * (17 + 2 + 2), "CMS138 and CMS155 have three groups"
    assert common["n"].min() > 5
    assert common["rate"].is_between(0.4, 0.98).all()
    nothing_ordered = pl.col("measure_code").is_in(["CMS154", "CMS156"])  # closed by what was not done
    done = gaps.filter((pl.col("status") == "closed") & ~nothing_ordered)["evidence_on"]
    assert done.null_count() == 0
    assert done.max() <= date(2026, 10, 31)


def test_the_settings_say_that_it_is_synthetic_and_the_parameters_say_what_is_true(practice: Path):
    settings = (practice / "practice.toml").read_text()
    assert "is_synthetic = true" in settings
    assert 'time_zone = "America/New_York"' in settings
    known = json.loads((practice / "truth" / "parameters.json").read_text())
    assert known["parameters"]["program_no_show"] < 0
    live = list(known["go_live_on"].values())
    assert live.count(None) == 1
    assert len(live) >= 5
