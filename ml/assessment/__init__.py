"""Judges risk models: evaluation, groups, monitoring, lift, the model card. Fits nothing."""
