"""Pulls: what a system says becomes a delivery in the practice's source folder, as if it had been put there by hand."""
