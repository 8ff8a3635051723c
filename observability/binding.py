"""Takes the address that a server is to listen on. Which server that is, is said in serving.py and asgi_serving.py."""

from __future__ import annotations

import socket


def bound_socket(host: str, port: int) -> socket.socket:
    """A TCP socket with this address, which does not listen yet. Raises OSError when somebody else listens there."""
    known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # `localhost` may be both; everything in the lab says 127.0.0.1.
    family, kind, _, _, address = min(known, key=lambda one: one[0] != socket.AF_INET)
    bound = socket.socket(family, kind)
    try:
        # Connections of a service that has just ended do not count.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except BaseException:
        bound.close()
        raise
    return bound
