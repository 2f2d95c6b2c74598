"""Exports published measures and care gaps as FHIR R4, for payers and registries.

measure_reports.py   MeasureReport, individual and summary
gap_bundles.py       DEQM gaps-in-care documents
files.py             selects files, measures and year
"""
