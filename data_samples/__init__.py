"""The synthetic sample practice, the simulator that wrote it, and one rejected file for every reason of refusal."""
