"""Exposes landed rows in their current version and accounts for all others. dbt renames and derives."""
