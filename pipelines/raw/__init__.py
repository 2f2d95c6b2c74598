"""Shows landed rows in their current version, and accounts for the others. Renames and derives nothing; that is dbt's."""
