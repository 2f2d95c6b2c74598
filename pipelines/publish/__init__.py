"""Writes, audits and de-identifies a checked build, and swaps it in. `publications/` is the store."""
