"""Reads and keeps the store: publication folders, the current link, the last run, and what later builds are held against."""
