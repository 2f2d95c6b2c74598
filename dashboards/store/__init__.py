"""Opens the published files within a role's scope: the only way to the data. Draws nothing."""
