"""Who and where the practice is, and its calendar."""

from models.contract import Contract

REFERENCE: dict[str, Contract] = {}
