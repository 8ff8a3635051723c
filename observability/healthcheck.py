"""Asks a service how it is, for a container's health check: `python -m observability.healthcheck URL`.

Exit code 0 when it answers 200. Standard library only, because it is started anew at every check, and because the image
has neither curl nor wget.
"""

from __future__ import annotations

import http.client
import sys
from urllib.parse import urlsplit

_TIMEOUT_SECONDS = 2.0


def main(arguments: list[str]) -> str | None:
    """None when the service is well, else why it is not: what sys.exit takes."""
    if len(arguments) != 1 or not arguments[0].startswith("http://"):
        return "usage: python -m observability.healthcheck http://127.0.0.1:PORT/health"
    url = urlsplit(arguments[0])
    try:
        connection = http.client.HTTPConnection(url.netloc, timeout=_TIMEOUT_SECONDS)
        connection.request("GET", url.path or "/")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{arguments[0]}: {error}"
    return None if status == http.client.OK else f"{arguments[0]}: status {status}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
