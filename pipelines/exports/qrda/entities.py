"""Who reports to CMS: a group by its TIN, or each of its clinicians by TIN and NPI."""

import re
from dataclasses import dataclass

import duckdb

from pipelines.errors import UsageError

INDIVIDUAL, GROUP = "MIPS_INDIV", "MIPS_GROUP"
PROGRAMS = (INDIVIDUAL, GROUP)
"""Of value set QRDA III CMS Program Name (2.16.840.1.113883.3.249.14.101), those that report by TIN."""


@dataclass(frozen=True)
class Entity:
    """A reporting entity of a program; a clinician has an NPI and the keys of all records with it, the group has none."""

    program: str
    tin: str
    npi: str = ""
    provider_keys: tuple[int, ...] = ()

    @property
    def file_name(self) -> str:
        return f"QRDA-III.{self.program}.{self.npi or self.tin}.xml"


def entities(connection: duckdb.DuckDBPyConnection, program: str, tin: str) -> list[Entity]:
    """The group, or every clinician with a valid NPI who is somebody's primary provider.

    Raises `UsageError` for a TIN that is none, and where no clinician has an NPI.
    """
    if not re.fullmatch(r"[0-9]{9}", tin):
        raise UsageError("--tin: a taxpayer identification number has nine digits, without a hyphen.")
    if program == GROUP:
        return [Entity(GROUP, tin)]
    rows = connection.execute(
        """
        select npi, list(provider_key order by provider_key) from marts.dim_providers
        where npi is not null and provider_key in (select primary_provider_key from marts.dim_patients)
        group by npi order by npi
        """
    ).fetchall()
    found = [Entity(INDIVIDUAL, tin, npi, tuple(keys)) for npi, keys in rows if is_npi(npi)]
    if not found:
        raise UsageError("No clinician has a valid NPI: the EHR's Practitioner.identifier must hold it. Or report as MIPS_GROUP.")
    return found


def is_npi(text: str) -> bool:
    """Whether these are ten digits with the check digit of ISO/IEC 7812 after the prefix 80840 (45 CFR 162.406)."""
    if not re.fullmatch(r"[0-9]{10}", text):
        return False
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in text[-2::-2]]
    return (24 + sum(doubled) + sum(map(int, text[-3::-2])) + int(text[-1])) % 10 == 0
