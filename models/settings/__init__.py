"""What a setting may be: one schema a file, and how its mistakes are named. Reads no file; who opens one hands over its text."""
