"""`python -m systems.exchange.order_manager`: serve the order manager."""

import os

from observability import read_settings
from observability.serving import serve
from systems.exchange.order_manager.settings import SETTINGS

if __name__ == "__main__":
    settings = read_settings(SETTINGS, os.environ)
    serve(
        "systems.exchange.order_manager.app:create_app",
        settings["SERVICE_HOST"],
        settings["SERVICE_PORT"],
        settings["SERVICE_WORKERS"],
        settings["SERVICE_THREADS"],
    )
