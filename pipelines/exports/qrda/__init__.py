"""Exports the rates of a calendar year as QRDA Category III, as CMS takes them for MIPS.

identifiers.py   the ids that the measures and their populations have at CMS
entities.py      who reports: the group, or each clinician
counts.py        the counts of an entity, by stratum and supplemental data
document.py      the counts as XML
files.py         one file an entity
"""
