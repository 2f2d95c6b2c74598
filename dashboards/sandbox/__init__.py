"""Runs and keeps an analyst's own queries, each in a process of its own."""
