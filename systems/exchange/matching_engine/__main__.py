"""`python -m systems.exchange.matching_engine`: serve the matching engine."""

import os

from observability import read_settings
from observability.serving import serve
from systems.exchange.matching_engine.settings import SETTINGS

if __name__ == "__main__":
    settings = read_settings(SETTINGS, os.environ)
    serve(
        "systems.exchange.matching_engine.app:create_app",
        settings["SERVICE_HOST"],
        settings["SERVICE_PORT"],
        # One engine trades: a second worker would only wait for its end.
        1,
        settings["SERVICE_THREADS"],
    )
