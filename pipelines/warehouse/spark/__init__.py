"""A build's engine where one machine is not enough: dbt's models, written in DuckDB's dialect, on Apache Spark."""
