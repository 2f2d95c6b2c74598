"""The layer `published`: the two files that readers open, written, audited and swapped in together."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg

from models.published import PUBLISHED
from pipelines.defs.build_in_hand import BuildInHand
from pipelines.defs.keys import key_of
from pipelines.home import Home
from pipelines.practice import Practice
from pipelines.progress import Progress
from pipelines.publish.copied import copy_publication
from pipelines.publish.publish import publish

FILES = {
    "published.warehouse": "Every table that has a contract, with patient data.",
    "published.deidentified": "Rows of persons without identifying data (HIPAA safe harbor).",
}
# A practice works with yesterday's extracts: a publication older than a day and a half means that a nightly run was missed.
FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36), warn_window=timedelta(hours=26))


@dg.multi_asset(
    name="published",
    specs=[
        dg.AssetSpec(
            key_of(file),
            deps=[key_of(table) for table in PUBLISHED],
            group_name="published",
            description=text,
            kinds={"duckdb"},
            freshness_policy=FRESHNESS,
        )
        for file, text in FILES.items()
    ],
    check_specs=[dg.AssetCheckSpec("audit", asset=key_of("published.warehouse"), description="written = built, closed, no more")],
)
def published(
    home: dg.ResourceParam[Home],
    builds: dg.ResourceParam[BuildInHand],
    practice: dg.ResourceParam[Practice],
    progress: dg.ResourceParam[Progress],
) -> Iterator[Any]:
    """Publish the build in hand."""
    progress("Publishing: warehouse, deidentified")
    publication = publish(home, builds.now())
    copy_publication(home, practice, publication, progress)
    for file in FILES:
        yield dg.MaterializeResult(
            key_of(file),
            metadata={"publication": publication.id, "as_of_on": publication.as_of_on, "n_tables": len(publication.n_rows)},
        )
    yield dg.AssetCheckResult(passed=True, check_name="audit", asset_key=key_of("published.warehouse"))
