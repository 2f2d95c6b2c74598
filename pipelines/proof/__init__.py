"""Checks results against official test decks and known truth. No run depends on it."""
