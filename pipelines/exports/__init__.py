"""Writes what leaves as files, from published tables: reports, lists, FHIR, the dictionary. Computes no figure."""
