"""The dashboards' front door: which pages there are, and in which order."""

from pathlib import Path

import streamlit as st

# A picture of our own: a `:material/…:` icon in the browser's tab is fetched from a font server outside.
st.set_page_config(page_title="Caregap", page_icon=str(Path(__file__).with_name("icon.svg")), layout="wide")
st.navigation([st.Page("app_pages/overview.py", title="Overview", icon=":material/dashboard:", default=True)]).run()
