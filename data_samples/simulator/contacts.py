"""CRM contacts and their consents."""

import numpy as np
import polars as pl

from data_samples.simulator.clock import minutes
from data_samples.simulator.deliveries import two_versions
from data_samples.simulator.spelling import some

_CHANNELS = (("sms", 0.42), ("email", 0.26), ("phone", 0.18), ("mail", 0.04), ("portal", 0.10))
_CONSENT = (("sms", 0.80), ("email", 0.84), ("phone", 0.90), ("mail", 0.72), ("portal", 0.58))


def contact_of(contacts: pl.DataFrame, n_patients: int) -> pl.Series:
    """The first contact of each patient row; null for patients not in the CRM."""
    first = contacts.filter((pl.col("copy") == 1) & pl.col("patient").is_not_null()).select("patient", "contact_id")
    everyone = pl.DataFrame({"patient": pl.Series(np.arange(n_patients), dtype=pl.UInt32)})
    return everyone.join(first, on="patient", how="left", maintain_order="left")["contact_id"]


def contacts_and_consents(contacts: pl.DataFrame, random: np.random.Generator) -> dict[str, pl.DataFrame]:
    """Versions of `contacts` (a few learn that the person died) and `consents`."""
    n = contacts.height
    shares = dict(_CHANNELS)
    preferred = random.choice(list(shares), n, p=list(shares.values()))
    is_reported = contacts["died_on"].is_not_null() & pl.Series(random.random(n) < 0.65)
    died = contacts["died_on"].cast(pl.Datetime("us"))
    changed = pl.select(pl.when(is_reported).then(died + pl.duration(days=18, hours=16))).to_series()
    frame = contacts.with_columns(
        preferred_channel=some(preferred, random.random(n) < 0.6),
        language=some(contacts["language"], random.random(n) < 0.88),
        is_do_not_contact=pl.col("is_do_not_contact").fill_null(False),
        is_deceased=is_reported,
        changed_at=pl.select(pl.when(changed > contacts["created_at"]).then(changed)).to_series(),
    )
    frame = two_versions(frame, began="created_at", ended="changed_at", before={"is_deceased": pl.lit(False)})
    return {"contacts": frame, "consents": _consents(contacts, random)}


def _consents(contacts: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """Consents granted when the contact was created, and those withdrawn later."""
    frames = []
    n = contacts.height
    created = contacts["created_at"].to_numpy()
    for channel, share in _CONSENT:
        u = random.random(n)
        decided = np.flatnonzero(u < share + 0.06)
        granted = u[decided] < share
        frames.append(
            _decisions(
                contacts[decided], channel, 1, created[decided] + minutes(random.integers(1, 40, len(decided))), granted, "form"
            )
        )
        revoked = decided[granted & (random.random(len(decided)) < (0.055 if channel in ("sms", "email") else 0.012))]
        at = created[revoked] + minutes(random.integers(20_000, 900_000, len(revoked)))
        frames.append(
            _decisions(
                contacts[revoked], channel, 2, at, np.zeros(len(revoked), bool), "sms_stop" if channel == "sms" else "phone"
            )
        )
    return pl.concat(frames)


def _decisions(of: pl.DataFrame, channel: str, number: int, at: np.ndarray, is_granted: np.ndarray, source: str) -> pl.DataFrame:
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


def numbered(frame: pl.DataFrame, kind: str, name: str) -> pl.DataFrame:
    """Ids by contact and order: `<kind>-<contact>-<n>`."""
    number = pl.col("contact_id").cum_count().over("contact_id").cast(pl.String)
    return frame.with_columns(
        pl.concat_str(pl.lit(f"{kind}-"), pl.col("contact_id").str.slice(4), pl.lit("-"), number).alias(name)
    )
