"""The class of protected health information that a field carries."""

from enum import StrEnum


class Phi(StrEnum):
    """How far a field identifies a person, after 45 CFR 164.514(b)(2) (HIPAA safe harbor)."""

    DIRECT = "direct"
    """Identifies alone (name, phone, record number): never leaves the file with PHI."""
    QUASI = "quasi"
    """Identifies together with others (birth date, postal code, day of service): coarsened when de-identified."""
    NONE = "none"
    """Says nothing of a person."""
