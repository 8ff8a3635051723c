"""`python -m systems.exchange.market_data_service`: serve the market data."""

import os

from observability import read_settings
from observability.serving import serve
from systems.exchange.market_data_service.settings import SETTINGS

if __name__ == "__main__":
    settings = read_settings(SETTINGS, os.environ)
    serve(
        "systems.exchange.market_data_service.app:create_app",
        settings["SERVICE_HOST"],
        settings["SERVICE_PORT"],
        # Boards are in memory: two workers would know half of the trades each.
        1,
        settings["SERVICE_THREADS"],
    )
