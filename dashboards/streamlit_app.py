"""The dashboards' front door: which pages there are, and in which order."""

import streamlit as st

st.set_page_config(page_title="Caregap", page_icon=":material/monitor_heart:", layout="wide")
st.navigation([st.Page("app_pages/overview.py", title="Overview", icon=":material/dashboard:", default=True)]).run()
