"""Samples for operators, and what says of what Caregap is made."""
