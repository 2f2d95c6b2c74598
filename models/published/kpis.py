"""The KPIs and their catalogue."""

from models.contract import Contract

KPIS: dict[str, Contract] = {}
