"""Learns risks from features: inputs, models, selection, persistence. Judging them is for `assessment/`."""
