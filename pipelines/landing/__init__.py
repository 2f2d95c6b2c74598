"""Keeps what was delivered: each content once, by its hash, with the ledger of deliveries. What it means is for `raw/`."""
