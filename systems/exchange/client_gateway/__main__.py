"""`python -m systems.exchange.client_gateway`: serve the gateway."""

import os

from observability import read_settings
from observability.serving import serve
from systems.exchange.client_gateway.settings import SETTINGS

if __name__ == "__main__":
    settings = read_settings(SETTINGS, os.environ)
    serve(
        "systems.exchange.client_gateway.app:create_app",
        settings["SERVICE_HOST"],
        settings["SERVICE_PORT"],
        settings["SERVICE_WORKERS"],
        settings["SERVICE_THREADS"],
    )
