"""Holds the worklist, the patient drawer, and the journal of recorded outcomes."""
