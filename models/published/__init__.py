"""What is published: `PUBLISHED["marts.dim_patients"]` is the contract of one table.

The single source of names, types, descriptions, PHI classes, allowed values and references of every table in the schemas
`marts`, `ml`, `delivery` and `catalog`. `make contracts` writes dbt's properties from it. In a field, `refers_to` is
`dim_patients.patient_key`: the model and the column that the value must find.
"""

from models.contract import Contract
from models.published.activity import ACTIVITY
from models.published.baselines import BASELINES
from models.published.care_gaps import CARE_GAPS
from models.published.catalog import CATALOG
from models.published.deliveries import DELIVERIES
from models.published.kpis import KPIS
from models.published.measures import MEASURES
from models.published.money import MONEY
from models.published.outreach import OUTREACH
from models.published.patterns import PATTERNS
from models.published.people import PEOPLE
from models.published.profiles import PROFILES
from models.published.reference import DIRECTORY
from models.published.risk import RISK
from models.published.roi import ROI

PUBLISHED: dict[str, Contract] = (
    PEOPLE
    | DIRECTORY
    | ACTIVITY
    | DELIVERIES
    | MONEY
    | KPIS
    | BASELINES
    | MEASURES
    | CARE_GAPS
    | RISK
    | OUTREACH
    | PATTERNS
    | PROFILES
    | ROI
    | CATALOG
)
