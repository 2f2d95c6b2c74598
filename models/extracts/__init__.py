"""What each source system delivers: `EXTRACTS[source_system][extract]` is the contract of one kind of file."""

from models.contract import Contract
from models.extracts.billing import BILLING
from models.extracts.caregap import CAREGAP
from models.extracts.crm import CRM
from models.extracts.ehr import EHR

EXTRACTS: dict[str, dict[str, Contract]] = {"ehr": EHR, "crm": CRM, "billing": BILLING, "caregap": CAREGAP}
