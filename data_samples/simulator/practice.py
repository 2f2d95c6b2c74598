"""The practice: sites and their go-live on the program, clinicians and their departures, payers."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock
from data_samples.simulator.names import FAMILY_NAMES, FEMALE_NAMES, MALE_NAMES

PROGRAM = "Engagement program"
NEVER = 10_000
"""A month that never comes: go-live of the site that never joins, departure of clinicians who stay."""
_SITE_NAMES = (
    "Central",
    "North",
    "South",
    "East",
    "West",
    "Lakeside",
    "Hillside",
    "Riverside",
    "Parkway",
    "Harbor",
    "Summit",
    "Mill",
)
_GO_LIVE_SHARES = (0.30, 0.42, 0.54, 0.66)
PATIENTS_PER_CLINICIAN = 900

PAYERS = pl.DataFrame(
    [
        ("payer-01", "Commercial Plan A", "commercial", "5", 0.64),
        ("payer-02", "Commercial Plan B", "commercial", "512", 0.60),
        ("payer-03", "Commercial Plan C", "commercial", "511", 0.67),
        ("payer-04", "Medicare", "medicare", "121", 0.49),
        ("payer-05", "Medicare Advantage Plan", "medicare", "111", 0.51),
        ("payer-06", "Medicaid", "medicaid", "21", 0.37),
        ("payer-07", "Medicaid Managed Care Plan", "medicaid", "211", 0.39),
        ("payer-08", "Federal Employees Plan", "other", "39", 0.58),
        ("payer-09", "Self-pay", "self_pay", "81", 1.00),
    ],
    schema=["payer_id", "payer_name", "payer_class", "payer_type", "allowed_share"],
    orient="row",
)
"""Payers with their class, Source of Payment Typology code and the share of the charge that their contract allows."""
MEDICAID, SELF_PAY = (5, 6), 8
"""Row numbers of `PAYERS`."""


@dataclass(frozen=True)
class Practice:
    """`sites` and `clinicians` have a row each; their row numbers are the site and clinician numbers used elsewhere.

    sites: location_id, location_name, city, postal_code, go_live_month (month number, `NEVER`)
    clinicians: practitioner_id, npi, given, family, gender, site, joined_month, left_month (month number, `NEVER`)
    """

    sites: pl.DataFrame
    clinicians: pl.DataFrame

    @property
    def go_live_month(self) -> np.ndarray:
        return self.sites["go_live_month"].to_numpy()

    @property
    def left_month(self) -> np.ndarray:
        return self.clinicians["left_month"].to_numpy()


def make_practice(n_patients: int, clock: Clock, random: np.random.Generator) -> Practice:
    """A practice of a size for `n_patients`: 5 sites or more, the last of which never goes on the program."""
    n_sites = int(np.clip(5 + np.log10(max(n_patients, 400) / 400) * 2.6, 5, len(_SITE_NAMES)))
    shares = np.resize(_GO_LIVE_SHARES, n_sites)
    go_live = clock.first + np.round(shares * clock.n_months).astype(int)
    go_live[-1] = NEVER
    sites = pl.DataFrame(
        {
            "location_id": [f"loc-{number + 1:02d}" for number in range(n_sites)],
            "location_name": [f"{name} Clinic" for name in _SITE_NAMES[:n_sites]],
            "city": [f"{name} Township" for name in _SITE_NAMES[:n_sites]],
            "postal_code": [f"{43100 + 7 * number:05d}" for number in range(n_sites)],
            "go_live_month": go_live,
        }
    )
    return Practice(sites, _clinicians(n_patients, n_sites, clock, random))


def _clinicians(n_patients: int, n_sites: int, clock: Clock, random: np.random.Generator) -> pl.DataFrame:
    per_site = max(2, round(n_patients / n_sites / PATIENTS_PER_CLINICIAN))
    n = per_site * n_sites
    site = np.repeat(np.arange(n_sites), per_site)
    leaves = (random.random(n) < 0.22) & (np.tile(np.arange(per_site), n_sites) > 0)
    left = np.where(leaves, random.integers(clock.first + 1, clock.last + 1, n), NEVER)
    is_woman = random.random(n) < 0.5
    given = np.where(is_woman, random.choice(FEMALE_NAMES, n), random.choice(MALE_NAMES, n))
    return pl.DataFrame(
        {
            "practitioner_id": [f"prac-{number + 1:04d}" for number in range(n)],
            "npi": [f"{1999000000 + 7 * number:010d}" for number in range(n)],
            "given": given,
            "family": random.choice(FAMILY_NAMES, n),
            "gender": np.where(is_woman, "female", "male"),
            "site": site,
            "left_month": left,
        }
    )
