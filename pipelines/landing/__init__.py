"""Stores deliveries: each content once, by its hash, with a ledger. `raw/` interprets them."""
