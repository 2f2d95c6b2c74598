"""The quality measures and their results."""

from models.contract import Contract

MEASURES: dict[str, Contract] = {}
