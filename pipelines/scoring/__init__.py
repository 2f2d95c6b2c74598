"""Runs `ml` on a build: passes features to it and writes the results to schema `ml`. Learns nothing itself."""
