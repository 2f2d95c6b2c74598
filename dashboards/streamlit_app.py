"""The dashboards' front door: who is let in, and which pages there are for them."""

from pathlib import Path

import streamlit as st

from dashboards.access import PAGES, current_viewer
from dashboards.sign_in import let_in

HERE = Path(__file__).parent

# A picture of our own: a `:material/…:` icon in the browser's tab is fetched from a font server outside.
st.set_page_config(page_title="Caregap", page_icon=str(HERE / "icon.svg"), layout="wide")
let_in()

sections: dict[str, list] = {}
for page in PAGES:
    path = HERE / "app_pages" / f"{page.name}.py"
    if current_viewer().may_open(page.name) and path.exists():
        is_first = not sections
        sections.setdefault(page.section, []).append(
            st.Page(path, title=page.title, icon=page.icon, url_path=page.name, default=is_first)
        )
if sections:
    st.navigation(sections).run()
