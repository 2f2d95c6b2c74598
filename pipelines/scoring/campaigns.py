"""What the campaigns defined in Caregap change, of a build: `ml.campaign_effects`."""

from datetime import date

import duckdb

from ml.assessment.campaign_effects import campaign_effects
from pipelines.scoring.tables import Tables

_MEMBERS = "select * from marts.fct_campaign_members order by campaign_code, patient_key"


def measured(connection: duckdb.DuckDBPyConnection, as_of_on: date) -> Tables:
    """The effects of the campaigns whose members the build knows."""
    return {"campaign_effects": campaign_effects(connection.sql(_MEMBERS).pl(), as_of_on)}
