"""Learns risks from features: inputs, models, selection, persistence. `assessment/` evaluates them."""
