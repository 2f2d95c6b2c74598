"""Shows the pairs of records that may be one person, and records what a steward decides on them."""
