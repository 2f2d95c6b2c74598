"""The lists that go back to the CRM (schema `delivery`)."""

from models.contract import Contract

OUTREACH: dict[str, Contract] = {}
