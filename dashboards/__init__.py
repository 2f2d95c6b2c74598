"""Streamlit pages that read the published warehouse, and nothing else."""
