"""`python -m systems.exchange.wallet_service`: serve the wallet service."""

import os

from observability import read_settings
from observability.serving import serve
from systems.exchange.wallet_service.settings import SETTINGS

if __name__ == "__main__":
    settings = read_settings(SETTINGS, os.environ)
    serve(
        "systems.exchange.wallet_service.app:create_app",
        settings["SERVICE_HOST"],
        settings["SERVICE_PORT"],
        settings["SERVICE_WORKERS"],
        settings["SERVICE_THREADS"],
    )
