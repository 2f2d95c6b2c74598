"""Opens the published files, as far as a role goes: the only door to the data. Draws nothing."""
