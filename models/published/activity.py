"""What patients and the practice did: appointments, visits, touches, portal, surveys, outreach, deliveries."""

from models.contract import Contract

ACTIVITY: dict[str, Contract] = {}
