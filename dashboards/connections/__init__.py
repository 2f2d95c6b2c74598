"""Connected systems: what waits for a person's decision, and what to do about rows that a system refused."""
