"""Schemas of the settings files, and how mistakes are named. Reads no file; the caller passes the text."""
