"""`python -m systems.exchange.user_service`: serve the user service."""

import os

from observability import read_settings
from observability.serving import serve
from systems.exchange.user_service.settings import SETTINGS

if __name__ == "__main__":
    settings = read_settings(SETTINGS, os.environ)
    serve(
        "systems.exchange.user_service.app:create_app",
        settings["SERVICE_HOST"],
        settings["SERVICE_PORT"],
        settings["SERVICE_WORKERS"],
        settings["SERVICE_THREADS"],
    )
