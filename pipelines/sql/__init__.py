"""Opens DuckDB files and writes SQL types and literals. Contains no queries."""
