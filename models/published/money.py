"""What was charged, claimed and paid."""

from models.contract import Contract

MONEY: dict[str, Contract] = {}
