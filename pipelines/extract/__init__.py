"""Reads delivered files into rows, one reader per format. What rows mean is decided in staging."""
