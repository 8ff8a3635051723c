"""`python -m systems.exchange.notification_service`: serve the notifications."""

import os

from observability import read_settings
from observability.asgi_serving import serve_asgi
from systems.exchange.notification_service.app import create_app
from systems.exchange.notification_service.settings import SETTINGS

if __name__ == "__main__":
    settings = read_settings(SETTINGS, os.environ)
    serve_asgi(create_app, settings["SERVICE_HOST"], settings["SERVICE_PORT"])
