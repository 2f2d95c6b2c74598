"""The publication store: folders, the current link, the last run, and what later builds are compared with."""
