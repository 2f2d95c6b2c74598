"""Defines Dagster's assets, checks, schedule and sensor, and runs them. What a step does stands in its own room."""
