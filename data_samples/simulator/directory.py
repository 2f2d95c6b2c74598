"""The resources that belong to the practice and to no patient: organizations, sites, clinicians and their roles."""

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock
from data_samples.simulator.deliveries import versioned
from data_samples.simulator.practice import NEVER, PAYERS, Practice
from data_samples.simulator.templates import fill, utc

_PROVIDERS = pl.DataFrame(
    {
        "payer_id": ["org-practice", "org-hospital"],
        "payer_name": ["Sample Primary Care", "Sample Hospital"],
        "type": ["prov", "prov"],
    }
)
_META = '"meta":{"lastUpdated":"<updated>"}'


def directory(practice: Practice, clock: Clock) -> dict[str, pl.DataFrame]:
    """Frames of `updated_at`, `superseded_at` and `line` by resource type; all there from the first day on."""
    began = pl.lit(clock.start_on.astype("datetime64[us]").item()).cast(pl.Datetime("us"))
    organizations = pl.concat([_PROVIDERS, PAYERS.select("payer_id", "payer_name", type=pl.lit("pay"))])
    clinicians = _clinicians(practice, clock, began)
    return {
        "Organization": _lines(
            organizations.with_columns(recorded_at=began),
            '{"resourceType":"Organization","id":"<payer_id>",' + _META + ',"active":true,"type":[{"coding":[{"system":'
            '"http://terminology.hl7.org/CodeSystem/organization-type","code":"<type>"}]}],"name":"<payer_name>"}',
        ),
        "Location": _lines(
            practice.sites.with_columns(recorded_at=began),
            '{"resourceType":"Location","id":"<location_id>",' + _META + ',"status":"active","name":"<location_name>",'
            '"address":{"city":"<city>","state":"OH","postalCode":"<postal_code>","country":"US"},'
            '"managingOrganization":{"reference":"Organization/org-practice"}}',
        ),
        "Practitioner": _lines(
            clinicians,
            '{"resourceType":"Practitioner","id":"<practitioner_id>",' + _META + ',"identifier":[{"system":'
            '"http://hl7.org/fhir/sid/us-npi","value":"<npi>"}],"active":<active>,"name":[{"family":"<family>","given":["<given>"],'
            '"prefix":["Dr."]}],"gender":"<gender>"}',
        ),
        "PractitionerRole": _lines(
            clinicians,
            '{"resourceType":"PractitionerRole","id":"role-<number>",'
            + _META
            + ',"active":<active>,"period":{"start":"2015-01-01"'
            '<ends?>},"practitioner":{"reference":"Practitioner/<practitioner_id>"},'
            '"organization":{"reference":"Organization/org-practice"},'
            '"location":[{"reference":"Location/<location_id>"}],"specialty":[{"text":"Primary care"}]}',
        ),
    }


def _clinicians(practice: Practice, clock: Clock, began: pl.Expr) -> pl.DataFrame:
    """Two versions of each who leaves: at work, and gone."""
    left = practice.left_month
    left_on = np.where(left < NEVER, clock.month_starts[np.minimum(left, clock.n_simulated)], np.datetime64("NaT"))
    everyone = practice.clinicians.with_columns(
        number=pl.col("practitioner_id").str.slice(5),
        location_id=practice.sites["location_id"].gather(practice.clinicians["site"]),
        left_at=pl.Series(left_on.astype("datetime64[us]")),
        updated_at=began,
    )
    gone = everyone.filter(pl.col("left_at").is_not_null())
    return pl.concat(
        [
            everyone.with_columns(superseded_at=pl.col("left_at"), active=pl.lit("true"), until=pl.lit(None, dtype=pl.String)),
            gone.with_columns(
                updated_at=pl.col("left_at"),
                superseded_at=pl.lit(None, dtype=pl.Datetime("us")),
                active=pl.lit("false"),
                until=pl.col("left_at").dt.date().cast(pl.String),
            ),
        ]
    ).with_columns(ends=fill(',"end":"<until>"'))


def _lines(frame: pl.DataFrame, template: str) -> pl.DataFrame:
    return versioned(frame).with_columns(updated=utc("updated_at")).select("updated_at", "superseded_at", line=fill(template))
