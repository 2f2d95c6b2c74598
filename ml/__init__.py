"""How scores and estimates are learnt: pure functions from frames to frames. No warehouse, no Dagster."""
