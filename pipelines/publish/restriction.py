"""Keeps persons whose data is restricted out of published files, where the practice's privacy profile says so (GDPR 18)."""

from collections.abc import Callable
from dataclasses import replace

from models.contract import Contract
from models.published import PUBLISHED
from models.published.persons import person_columns
from pipelines.publish.selection import Selection

_RESTRICTED = "select patient_key from build.intermediate.int_patients__restricted"


def without_restricted(selection_of: Callable[[Contract], Selection]) -> Callable[[Contract], Selection]:
    """What a file holds of each table, without the rows that name such a person in any column."""
    columns = {contract.name: person_columns(table, contract) for table, contract in PUBLISHED.items()}

    def selected(contract: Contract) -> Selection:
        selection = selection_of(contract)
        kept = [f"({name} is null or {name} not in ({_RESTRICTED}))" for name in columns[contract.name]]
        return replace(selection, where=" and ".join(filter(None, [selection.where and f"({selection.where})", *kept])))

    return selected
