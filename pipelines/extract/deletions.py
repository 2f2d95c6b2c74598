"""The bundles in which a bulk export lists deleted resources (FHIR Bulk Data Access 2.0, "Deleted resources")."""

import polars as pl

from models.contract import Contract, field
from models.phi import Phi

DELETED = "deleted"
"""The extract that these bundles land as."""

DELETIONS = Contract(
    DELETED,
    "transaction bundle of deletions",
    (),
    {
        "timestamp": field(pl.String, "When the bundle was made.", nullable=True),
        "meta": field(pl.Struct({"lastUpdated": pl.String}), "Its last change.", nullable=True),
        "entry": field(
            pl.List(pl.Struct({"request": pl.Struct({"method": pl.String, "url": pl.String})})),
            "One request per resource: DELETE, and its `type/id`.",
            phi=Phi.DIRECT,
            nullable=True,
        ),
    },
)
