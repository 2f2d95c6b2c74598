"""Runs `ml` on a build: hands features to it and writes what comes back to schema `ml`. Learns nothing itself."""
