"""Builds one warehouse file: dbt, its generated properties, checks, lineage, fingerprint. Publishes nothing."""
