"""A published file that an earlier version of Caregap made: what it lacks of today's contracts, in words."""

from collections.abc import Mapping, Set

NAMED = 3


def lacking(found: Mapping[str, Set[str]], promised: Mapping[str, Set[str]]) -> list[str]:
    """The tables (`marts.fct_kpis`) and columns (`marts.dim_kpis.unit`) that are `promised` and not `found`."""
    return [table for table in promised if table not in found] + [
        f"{table}.{column}" for table in promised if table in found for column in sorted(promised[table] - found[table])
    ]


def made_earlier(missing: list[str]) -> str:
    """What to say of a publication that lacks these, of which the first are named."""
    more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    return (
        f"An earlier version of Caregap made this publication, without {', '.join(missing[:NAMED])}{more}: "
        "the next `caregap run` makes it readable here."
    )
