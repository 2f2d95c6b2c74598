"""The columns by which a published table names persons."""

from models.contract import Contract
from models.published.people import PATIENTS

KEY = "patient_key"
OF_A_PERSON = f"{PATIENTS.partition('.')[2]}.{KEY}"
"""What a column that says whose a row is refers to; the table of patients has it as its key."""


def person_columns(table: str, contract: Contract) -> list[str]:
    """The columns of a published table that hold a person's key."""
    return [name for name, field in contract.fields.items() if field.metadata["refers_to"] == OF_A_PERSON] or (
        [KEY] if table == PATIENTS else []
    )
