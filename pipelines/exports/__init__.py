"""Exports published tables as files: reports, lists, FHIR, the dictionary. Computes no metric."""
