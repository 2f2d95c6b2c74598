"""What the models learnt: scores and how good they are (schema `ml`)."""

from models.contract import Contract

RISK: dict[str, Contract] = {}
