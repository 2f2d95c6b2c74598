"""Learns scores and estimates: pure functions from frames to frames. No warehouse, no Dagster."""
