"""Turns the KPI tables into tiles, months, movements and lists of rows. Defines no KPI."""
