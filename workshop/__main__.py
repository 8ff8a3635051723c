"""`python -m workshop`: serve the workshop's pages until SIGTERM or SIGINT. `python3 lab workshop serve` starts it."""

import os
import sys

from observability.serving import serve
from workshop.settings import read_settings


def main() -> None:
    """Ends with status 1 and one line on standard error when a setting or the port cannot be used."""
    try:
        settings = read_settings(os.environ)
    except ValueError as error:
        sys.exit(f"workshop: {error}")
    # One process: it alone holds the roster.
    serve("workshop.app:create_app", settings.host, settings.port, workers=1)


if __name__ == "__main__":
    main()
