"""Starts Streamlit, hardens its answers, and signs people in."""
