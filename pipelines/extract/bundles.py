"""The Bundles of FHIR: resources of any types in one document, or requests to delete some.

A bulk export lists deleted resources as transaction bundles of DELETE requests (FHIR Bulk Data Access 2.0, "Deleted resources").
Everything else that a Bundle holds are resources like those of any other file.
"""

import polars as pl

from models.contract import Contract, field
from models.phi import Phi

BUNDLE = "Bundle"
"""The extract of a file whose name does not say which one type its resources have. Its rows land as those of their types."""
DELETED = "deleted"
"""The extract that bundles of deletions land as."""

BUNDLES = Contract(BUNDLE, "file of resources of any types", (), {})

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
