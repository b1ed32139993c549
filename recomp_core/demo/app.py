"""The application that Streamlit serves: the page, behind a guard.

`streamlit run` finds `app` in this file by its text, without importing it.
"""

from __future__ import annotations

from starlette.middleware import Middleware
from streamlit import config
from streamlit.starlette import App

from recomp_core.demo.guard import OwnHost
from recomp_core.demo.serving import PAGE

app = App(PAGE, middleware=[Middleware(OwnHost, host=config.get_option("server.address"))])
