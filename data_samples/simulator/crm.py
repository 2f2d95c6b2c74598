"""The CRM of one chunk: contacts, consents, leads, referrals, surveys and portal events."""

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock
from data_samples.simulator.deliveries import two_versions
from data_samples.simulator.engagement import History
from data_samples.simulator.population import Population
from data_samples.simulator.practice import NEVER, Practice
from data_samples.simulator.visits import Visits

_NO_INSTANT = pl.lit(None, dtype=pl.Datetime("us"))
_CONSENT = (("sms", 0.80), ("email", 0.84), ("phone", 0.90), ("mail", 0.72), ("portal", 0.58))
LEAD_SOURCES = ("paid_search", "social", "website", "patient_referral", "physician_referral", "event", "mail")
_COMPOSITES = (
    ("access", "Got an appointment as soon as needed"),
    ("communication", "Clinician listened carefully"),
    ("coordination", "Clinician knew the medical history"),
    ("office_staff", "Office staff were helpful"),
)


def minutes(values) -> np.ndarray:
    return np.asarray(values).astype("timedelta64[m]")


def contact_of(contacts: pl.DataFrame, n_patients: int) -> pl.Series:
    """The first contact of each patient row; null for those whom the CRM does not know."""
    first = contacts.filter((pl.col("copy") == 1) & pl.col("patient").is_not_null()).select("patient", "contact_id")
    everyone = pl.DataFrame({"patient": pl.Series(np.arange(n_patients), dtype=pl.UInt32)})
    return everyone.join(first, on="patient", how="left", maintain_order="left")["contact_id"]


def contacts_and_consents(contacts: pl.DataFrame, random) -> dict[str, pl.DataFrame]:
    n = contacts.height
    asked_not = random.random(n) < 0.014
    told = contacts["died_on"].is_not_null() & pl.Series(random.random(n) < 0.65)
    died = contacts["died_on"].cast(pl.Datetime("us"))
    changed = pl.select(pl.when(told).then(died + pl.duration(days=18, hours=16))).to_series()
    frame = contacts.with_columns(
        preferred_channel=_maybe(random.choice(("sms", "email", "phone", "mail", "portal"), n, p=(0.42, 0.26, 0.18, 0.04, 0.10)), random, 0.6),
        language=_maybe(contacts["language"], random, 0.88),
        is_do_not_contact=pl.Series(asked_not),
        is_deceased=told,
        changed_at=pl.select(pl.when(changed > contacts["created_at"]).then(changed)).to_series(),
    )
    frame = two_versions(frame, began="created_at", ended="changed_at", before={"is_deceased": pl.lit(False)})
    return {"contacts": frame, "consents": _consents(contacts, random)}


def _maybe(values, random, share: float) -> pl.Series:
    series = pl.Series(values)
    return series.set(pl.Series(random.random(len(series)) >= share), None)


def _consents(contacts: pl.DataFrame, random) -> pl.DataFrame:
    """What was granted when the contact was made, and what was taken back later."""
    frames = []
    n = contacts.height
    created = contacts["created_at"].to_numpy()
    for channel, share in _CONSENT:
        u = random.random(n)
        decided = np.flatnonzero(u < share + 0.06)
        granted = u[decided] < share
        frames.append(_decisions(contacts[decided], channel, 1, created[decided] + minutes(random.integers(1, 40, len(decided))), granted, "form"))
        revoked = decided[granted & (random.random(len(decided)) < (0.055 if channel in ("sms", "email") else 0.012))]
        at = created[revoked] + minutes(random.integers(20_000, 900_000, len(revoked)))
        frames.append(_decisions(contacts[revoked], channel, 2, at, np.zeros(len(revoked), bool), "sms_stop" if channel == "sms" else "phone"))
    return pl.concat(frames)


def _decisions(of: pl.DataFrame, channel: str, number: int, at, is_granted, source: str) -> pl.DataFrame:
    n = of.height
    return pl.DataFrame(
        {
            "consent_id": "cns-" + of["contact_id"].str.slice(4) + f"-{channel}-{number}",
            "contact_id": of["contact_id"],
            "channel": pl.repeat(channel, n, eager=True),
            "status": pl.Series(np.where(is_granted, "granted", "revoked"), dtype=pl.String),
            "recorded_at": pl.Series(at, dtype=pl.Datetime("us")),
            "source": pl.repeat(source, n, eager=True),
            "updated_at": pl.Series(at, dtype=pl.Datetime("us")),
        }
    )


def leads(contacts: pl.DataFrame, visits: Visits, practice: Practice, clock: Clock, random) -> pl.DataFrame:
    """Leads behind new patients, and those that led to nothing."""
    new = contacts.filter((pl.col("joined_month") >= clock.first) & (pl.col("copy") == 1) & (pl.col("joined_month") < NEVER))
    booked = visits.appointments.group_by("patient", maintain_order=True).agg(booked_at=pl.min("booked_at"))
    new = new.join(booked.with_columns(pl.col("patient").cast(pl.UInt32)), on="patient", how="left", maintain_order="left")
    n = new.height
    is_prospect = new["patient"].is_null()
    converted = pl.select(pl.when(~is_prospect).then(new["booked_at"])).to_series()
    created = pl.select(pl.coalesce(converted, new["created_at"])).to_series().to_numpy() - minutes(random.integers(60, 20_000, n))
    ends = pl.select(pl.coalesce(converted, pl.Series(created + minutes(random.integers(40_000, 90_000, n))))).to_series()
    source = random.choice(LEAD_SOURCES, n, p=(0.22, 0.12, 0.20, 0.20, 0.14, 0.05, 0.07))
    campaign = np.isin(source, ("paid_search", "social", "mail"))
    frame = pl.DataFrame(
        {
            "lead_id": "led-" + new["contact_id"].str.slice(4),
            "contact_id": new["contact_id"],
            "lead_source": pl.Series(source, dtype=pl.String),
            "campaign_id": pl.select(
                pl.when(pl.Series(campaign)).then(pl.lit("cmp-acquisition-") + pl.Series(created).dt.year().cast(pl.String))
            ).to_series(),
            "location_id": practice.sites["location_id"].gather(new["site"]),
            "status": pl.select(pl.when(is_prospect).then(pl.lit("lost")).otherwise(pl.lit("converted"))).to_series(),
            "created_at": pl.Series(created, dtype=pl.Datetime("us")),
            "converted_at": converted,
            "ended": ends,
        }
    )
    return two_versions(frame, began="created_at", ended="ended", before={"status": pl.lit("working"), "converted_at": pl.lit(None)})


_SPECIALTIES = {"103697008": "dental", "308470006": "dermatology", "103696004": "cardiology", "183517000": "physiotherapy"}


def referrals(referred: pl.DataFrame, reports: pl.DataFrame, contact: pl.Series, lead_rows: pl.DataFrame, random) -> pl.DataFrame:
    """Referrals that the practice sent out (with what became of them), and those that brought new patients in."""
    n = referred.height
    done = reports["reported_at"]
    scheduled = referred["at"].to_numpy() + minutes(random.integers(500, 14_000, n))
    lost = random.random(n) < 0.5
    status = np.where(done.is_not_null().to_numpy(), "completed", np.where(lost, "lost", np.where(random.random(n) < 0.4, "out_of_network", "scheduled")))
    has_date = np.isin(status, ("completed", "scheduled"))
    ended = pl.select(pl.coalesce(done, pl.Series(scheduled + minutes(random.integers(40_000, 80_000, n))))).to_series()
    out = pl.DataFrame(
        {
            "referral_id": "rfl-" + referred["id"].str.slice(4),
            "contact_id": contact.gather(referred["patient"]),
            "direction": pl.repeat("outbound", n, eager=True),
            "specialty": referred["code"].replace_strict(_SPECIALTIES, default="other", return_dtype=pl.String),
            "status": pl.Series(status, dtype=pl.String),
            "created_at": referred["at"],
            "scheduled_at": pl.Series(np.where(has_date, np.minimum(scheduled, ended.to_numpy()), np.datetime64("NaT")), dtype=pl.Datetime("us")),
            "completed_at": done,
            "ended": ended,
        }
    ).filter(pl.col("contact_id").is_not_null())
    before = {"status": pl.lit("created"), "scheduled_at": pl.lit(None), "completed_at": pl.lit(None)}
    out = two_versions(out, began="created_at", ended="ended", before=before)
    came = lead_rows.filter((pl.col("lead_source") == "physician_referral") & (pl.col("status") == "converted"))
    inbound = came.select(
        referral_id="rfl-in-" + pl.col("lead_id").str.slice(4),
        contact_id="contact_id",
        direction=pl.lit("inbound"),
        specialty=pl.lit("primary_care"),
        status=pl.lit("scheduled"),
        created_at="created_at",
        scheduled_at="converted_at",
        completed_at=_NO_INSTANT,
        ended=_NO_INSTANT,
        updated_at="converted_at",
        superseded_at=_NO_INSTANT,
    )
    return pl.concat([out, inbound.select(out.columns)])


def portal_events(population: Population, history: History, visits: Visits, contact: pl.Series, clock: Clock, random) -> pl.DataFrame:
    """Offers, activations and use of the portal."""
    frames = []
    offered = clock.month_starts[np.maximum(np.maximum(population["joined_month"], clock.first), 0).clip(0, clock.n_simulated)]
    patients = np.arange(len(population))
    frames.append(_events(patients, offered.astype("datetime64[us]") + minutes(random.integers(800, 40_000, len(patients))), "offered"))
    month = population["portal_month"]
    active = np.flatnonzero((month >= clock.first) & (month <= clock.last))
    at = clock.month_starts[month[active]].astype("datetime64[us]") + minutes(random.integers(300, 1500, len(active)))
    frames.append(_events(active, at, "activated"))
    logins = history.logins[: clock.last + 2]
    months, who = np.nonzero(logins)
    months, who = (np.repeat(values, logins[months, who]) for values in (months, who))
    in_window = months >= clock.first
    months, who = months[in_window], who[in_window]
    days = (clock.month_starts[months + 1] - clock.month_starts[months]).astype(int)
    at = clock.month_starts[months].astype("datetime64[us]") + minutes((random.random(len(months)) * days * 1440).astype(int)) + minutes(300)
    at = np.minimum(at, clock.month_starts[months + 1].astype("datetime64[us]") + minutes(200))
    frames.append(_events(who, at, "login"))
    u = random.random(len(who))
    for event, low, high in (("message", 0.0, 0.13), ("payment", 0.13, 0.18)):
        chosen = (u >= low) & (u < high)
        frames.append(_events(who[chosen], at[chosen] + minutes(4), event))
    booked = visits.appointments.filter(pl.col("booked_via") == "portal")
    frames.append(_events(booked["patient"].to_numpy(), booked["booked_at"].to_numpy(), "booking", booked["appointment_id"]))
    kept = visits.appointments.filter((pl.col("outcome") == "completed") & pl.Series(random.random(visits.appointments.height) < 0.5))
    kept = kept.filter(pl.Series(population["portal_month"][kept["patient"]]) <= kept["due_month"])
    at = kept["checked_in_at"].to_numpy() - minutes(random.integers(10, 1200, kept.height))
    frames.append(_events(kept["patient"].to_numpy(), at, "check_in", kept["appointment_id"]))
    events = pl.concat(frames)
    events = events.with_columns(contact_id=contact.gather(events["patient"])).filter(pl.col("contact_id").is_not_null())
    return _numbered(events, "evt", "event_id").with_columns(updated_at="event_at")


def _events(patients: np.ndarray, at: np.ndarray, event: str, appointment_id: pl.Series | None = None) -> pl.DataFrame:
    n = len(patients)
    return pl.DataFrame(
        {
            "patient": pl.Series(patients.astype(np.uint32)),
            "event_type": pl.repeat(event, n, eager=True),
            "appointment_id": pl.repeat(None, n, dtype=pl.String, eager=True) if appointment_id is None else appointment_id,
            "event_at": pl.Series(at, dtype=pl.Datetime("us")),
        }
    )


def _numbered(frame: pl.DataFrame, kind: str, name: str) -> pl.DataFrame:
    """Ids by contact and order: `evt-<contact>-<n>`."""
    number = pl.col("contact_id").cum_count().over("contact_id").cast(pl.String)
    return frame.with_columns(pl.concat_str(pl.lit(f"{kind}-"), pl.col("contact_id").str.slice(4), pl.lit("-"), number).alias(name))


def survey_answers(visits: Visits, contact: pl.Series, random) -> pl.DataFrame:
    """The answers of each survey that came back: how likely to recommend, how satisfied, and one of the CG-CAHPS composites."""
    back = visits.encounters.filter((pl.col("survey") >= 0) & ~pl.col("is_historic"))
    n = back.height
    at = back["ends_at"].to_numpy() + minutes(random.integers(60, 4_000, n))
    unhappy = back["survey"].to_numpy() == 1
    frames = []

    def answer(survey: str, composite: str | None, question: str, score, maximum: int) -> None:
        frames.append(
            pl.DataFrame(
                {
                    "contact_id": contact.gather(back["patient"]),
                    "encounter_id": back["encounter_id"],
                    "survey_name": pl.repeat(survey, n, eager=True),
                    "composite": pl.repeat(composite, n, dtype=pl.String, eager=True),
                    "question": pl.repeat(question, n, eager=True),
                    "score": pl.Series(np.asarray(score, dtype=np.int32)),
                    "score_maximum": pl.repeat(maximum, n, dtype=pl.Int32, eager=True),
                    "answered_at": pl.Series(at, dtype=pl.Datetime("us")),
                }
            )
        )

    def scores(low: int, high: int, bad: tuple[int, int]) -> np.ndarray:
        return np.where(unhappy, random.integers(bad[0], bad[1] + 1, n), random.integers(low, high + 1, n))

    answer("nps", None, "Would you recommend us", scores(8, 10, (0, 7)), 10)
    answer("satisfaction", None, "How satisfied were you", scores(4, 5, (1, 3)), 5)
    for composite, question in _COMPOSITES:
        answer("cg_cahps", composite, question, scores(3, 4, (1, 3)), 4)
    answer("cg_cahps", "provider_rating", "Rate the clinician", scores(8, 10, (2, 7)), 10)
    answers = pl.concat(frames).filter(pl.col("contact_id").is_not_null())
    return _numbered(answers, "ans", "answer_id").with_columns(updated_at="answered_at")
