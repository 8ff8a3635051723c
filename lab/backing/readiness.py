"""Does a PostgreSQL or a Redis answer? Asked with a few bytes of their protocols, and without a password."""

import socket
import struct
from urllib.parse import urlsplit

#: Version 3.0 of PostgreSQL's protocol, which every server of this century speaks.
_PROTOCOL = 3 << 16


def ask(url: str, timeout_seconds: float) -> str | None:
    """None when the server takes requests, else why not. Never raises.

    The scheme of the address says what is asked: postgresql or redis."""
    parts = urlsplit(url)
    question = {"postgresql": _postgresql_problem, "redis": _redis_problem}[parts.scheme]
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=timeout_seconds) as connection:
            return question(connection)
    except TimeoutError:
        return f"no answer within {timeout_seconds:g} s"
    except ConnectionRefusedError:
        return "nothing listens there"
    except OSError as error:
        return str(error) or type(error).__name__


def _postgresql_problem(connection: socket.socket) -> str | None:
    """As pg_isready does: a server that asks for a password takes connections; one that starts or ends says so."""
    parameters = b"user\0lab\0database\0lab\0\0"
    connection.sendall(struct.pack("!II", 8 + len(parameters), _PROTOCOL) + parameters)
    answer = connection.recv(1024)
    if answer[:1] == b"R":
        return None
    # An error is a list of fields, each a letter and a text; M is the message for people.
    messages = [field[1:] for field in answer[5:].split(b"\0") if field[:1] == b"M"]
    return messages[0].decode(errors="replace") if messages else "it does not answer as PostgreSQL does"


def _redis_problem(connection: socket.socket) -> str | None:
    # Written out as clients do it; fakeredis does not know the short form for people.
    connection.sendall(b"*1\r\n$4\r\nPING\r\n")
    answer = connection.recv(1024)
    # One that wants a password first is there as well.
    if answer.startswith((b"+PONG", b"-NOAUTH")):
        return None
    return answer.decode(errors="replace").strip().removeprefix("-") or "it does not answer as Redis does"
