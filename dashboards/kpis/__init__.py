"""Turns the KPI tables into tiles, months, movements and the rows behind. Defines no KPI."""
