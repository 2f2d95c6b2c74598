"""The entry of the dashboards: admits the viewer and lists the pages of the role."""

from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboards.access.roles import BREAK_GLASS, EVERY_PAGE, current_viewer
from dashboards.figures.languages import LANGUAGE_KEY, _
from dashboards.layout.history import keep_history
from dashboards.layout.saved_views import offer_views
from dashboards.server.sign_in import let_in
from dashboards.store.published import OlderPublication

HERE = Path(__file__).parent

# A picture of our own: a `:material/…:` icon in the browser's tab is fetched from a font server outside.
st.set_page_config(page_title="Caregap", page_icon=str(HERE / "icon.svg"), layout="wide")
st.logo(str(HERE / "logo.svg"), icon_image=str(HERE / "icon.svg"), size="large")
# WCAG 2.2, 1.4.3 asks for a contrast of 4.5. Streamlit fades a caption to 4.3 on a grey ground, writes white on the primary
# colour of either theme (2.3 on the dark one's), and fades a button's shortcut to 3.4.
# Who touches the screen has no key to press: a button's shortcut is not shown there.
# A page's margins are Streamlit's halved: a list of patients needs the width.
st.html(
    """
    <style>
    [data-testid="stCaptionContainer"] { opacity: 0.85; }
    [data-testid^="stBaseButton-primary"], [data-tag] { background-color: #0B5CAD !important; color: #FFFFFF !important; }
    [data-testid^="stBaseButton-primary"] kbd { color: #FFFFFF !important; opacity: 1 !important; }
    @media (hover: none), (pointer: coarse) { [data-testid^="stBaseButton"] kbd { display: none; } }
    [data-testid="stElementContainer"]:has(#one-entry-a-page) { display: none; }
    [data-testid="stMainBlockContainer"] { padding: 4.25rem 2.5rem 4rem; }
    </style>
    """
)


def _pages() -> list[StreamlitPage]:
    """The pages that the viewer may open, in the order of the navigation."""
    return [
        st.Page(HERE / "app_pages" / f"{page.name}.py", title=_(page.title), icon=page.icon, url_path=page.name)
        for page in EVERY_PAGE
        if current_viewer().may_open(page.name)
    ]


def _start() -> None:
    # The language's widget keeps it in the address itself, and Streamlit lets nobody else set it.
    st.switch_page(_pages()[0], query_params={name: value for name, value in st.query_params.items() if name != LANGUAGE_KEY})


# Streamlit answers for its default page at `/` alone. Every page here has an address of its own, which a colleague can be sent,
# so the default is none of them: it leads to the first that the role may open. The list has no headings, since Streamlit puts
# them between a list and its items, where a screen reader loses count.
keep_history()
start = st.Page(_start, title="Caregap", url_path="start", default=True, visibility="hidden")
try:
    let_in()
    page = st.navigation([start, *_pages()], expanded=True)
    # A patient whose record is opened in an emergency is nothing to come back to.
    if page is not start and page.url_path != BREAK_GLASS:
        offer_views(page.url_path)
    page.run()
except OlderPublication as older:
    st.info(str(older), icon=":material/history:")
