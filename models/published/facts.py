"""Fields shared by all facts: patient, site, provider, and the slices that every KPI rolls up over."""

import polars as pl

from models.contract import field
from models.extracts.billing import PAYER_CLASSES as BILLED_CLASSES
from models.phi import Phi

PAYER_CLASSES = (*BILLED_CLASSES, "unknown")
PATIENT_SEGMENTS = ("child", "adult", "senior", "child_chronic", "adult_chronic", "senior_chronic", "unknown")

SOURCE_SYSTEM = field(pl.String, "The source that delivered the row.")
PATIENT_KEY = field(
    pl.Int64,
    "The person; empty: the source names a record that was not delivered.",
    phi=Phi.QUASI,
    nullable=True,
    refers_to="dim_patients.patient_key",
)
SLICES = {
    "provider_key": field(pl.Int64, "The provider; empty: not known.", nullable=True, refers_to="dim_providers.provider_key"),
    "location_key": field(pl.Int64, "The site; empty: not known.", nullable=True, refers_to="dim_locations.location_key"),
    "payer_class": field(pl.String, "Class of the payer.", values=PAYER_CLASSES),
    "patient_segment": field(
        pl.String,
        "Age today (child: under 18, senior: 65 or more), and whether there is a chronic condition.",
        values=PATIENT_SEGMENTS,
    ),
}
