"""Writes, audits and de-identifies a checked build, and swaps it in. The store of publications is in `publications/`."""
