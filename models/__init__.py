"""What a row may be: contracts of every extract and every published table, code sets, PHI classes.

Belongs here: names, types, descriptions, allowed values. Does not belong here: reading, writing,
estimating. Imports neither dagster, duckdb nor streamlit.
"""
