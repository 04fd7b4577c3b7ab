"""TagRefine's app: ``streamlit run app.py``. Pages, photos and arrays on one port of this machine."""

from pathlib import Path

import streamlit as st

from pages.browse.routes import ROUTES as BROWSE
from pages.map.routes import ROUTES as MAPS
from pages.opening import warm_up
from pages.routes import routes
from pages.routes.security import middleware
from pages.tags.routes import ROUTES as TAGS
from pages.triage.routes import ROUTES as TRIAGE

warm_up()
app = st.App(
    Path(__file__).parent / "pages" / "shell.py",
    routes=[*routes(), *BROWSE, *MAPS, *TAGS, *TRIAGE],
    middleware=middleware(),
)
