"""Who the patients are."""

from models.contract import Contract

PEOPLE: dict[str, Contract] = {}
