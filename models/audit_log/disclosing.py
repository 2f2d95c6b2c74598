"""For what purpose, and to whom, patients' data is handed out: what a line must say for an accounting of disclosures.

45 CFR 164.528(b)(2): the date, who received it, what it was, and why. The line has the date and says what; these are the others.
"""

EXEMPT = {
    "treatment": "treatment, payment or operations",
    "payment": "treatment, payment or operations",
    "operations": "treatment, payment or operations",
    "individual": "to the person",
}
"""Why a purpose is exempt from the accounting (164.528(a)(1)(i), (ii)). Every other purpose is accounted for."""
PURPOSES = (*EXEMPT, "public_health", "research", "law_enforcement", "judicial", "oversight", "other")
HANDED_OUT = frozenset({"exported", "pushed", "withdrew", "person_exported"})
"""The events by which data leaves the pages."""
PRACTICE, PERSON = "the practice", "the person"
"""Recipients: who works there, and whom the data is about."""


def stated(event: str, purpose: str, to: str, *, is_of_patients: bool) -> dict[str, str]:
    """`purpose` and `to`, as the line has them; nothing where neither is given.

    Raises `ValueError` for an unknown purpose, and where patients' data is handed out and the line would not say why and to whom.
    """
    if event in HANDED_OUT and is_of_patients and not (purpose and to):
        raise ValueError(f"{event}: say for what purpose and to whom.")
    if purpose and purpose not in PURPOSES:
        raise ValueError(f"{purpose}: no purpose. Known: {', '.join(PURPOSES)}.")
    return {name: value for name, value in (("purpose", purpose), ("to", to)) if value}
