"""`python -m backend_service`: serve the backend."""

import os

from backend_service.settings import SETTINGS
from observability import read_settings
from observability.serving import serve

if __name__ == "__main__":
    settings = read_settings(SETTINGS, os.environ)
    serve(
        "backend_service.app:create_app",
        settings["SERVICE_HOST"],
        settings["SERVICE_PORT"],
        settings["SERVICE_WORKERS"],
        settings["SERVICE_THREADS"],
    )
