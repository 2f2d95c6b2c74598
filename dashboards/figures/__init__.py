"""Draws charts from frames, and words numbers and days. Asks no question of the data."""
