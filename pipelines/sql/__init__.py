"""Opens DuckDB files, and writes types and literals. Holds no query of its own."""
