"""A database is ready when it takes connections, and says in its own protocol that it does not yet."""

import socket
import threading
from contextlib import contextmanager

import pytest

from lab.probe import probe


@contextmanager
def server_that_answers(answer):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(5)


ASKS_FOR_A_PASSWORD = b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0"
STILL_STARTS = b"E\0\0\0\x40SFATAL\0C57P03\0Mthe database system is starting up\0\0"


@pytest.mark.parametrize(
    ("kind", "answer"),
    [("postgresql", ASKS_FOR_A_PASSWORD), ("redis", b"+PONG\r\n"), ("redis", b"-NOAUTH Authentication required.\r\n")],
)
def test_who_takes_requests_is_ready(kind, answer):
    with server_that_answers(answer) as port:
        assert probe(f"{kind}://127.0.0.1:{port}").ok


@pytest.mark.parametrize(
    ("kind", "answer", "reason"),
    [
        ("postgresql", STILL_STARTS, "the database system is starting up"),
        ("postgresql", b"HTTP/1.1 400 Bad Request\r\n", "it does not answer as PostgreSQL does"),
        ("postgresql", b"", "it does not answer as PostgreSQL does"),
        (
            "redis",
            b"-LOADING Redis is loading the dataset in memory\r\n",
            "LOADING Redis is loading the dataset in memory",
        ),
        ("redis", b"", "it does not answer as Redis does"),
    ],
)
def test_who_does_not_take_requests_says_why(kind, answer, reason):
    with server_that_answers(answer) as port:
        result = probe(f"{kind}://127.0.0.1:{port}")

    assert (result.ok, result.reason) == (False, reason)


@pytest.mark.parametrize("kind", ["postgresql", "redis"])
def test_who_is_not_there_is_not_ready(kind):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert probe(f"{kind}://127.0.0.1:{port}").reason == "nothing listens there"


def test_who_says_nothing_is_waited_for_only_so_long():
    with socket.create_server(("127.0.0.1", 0)) as server:
        result = probe(f"redis://127.0.0.1:{server.getsockname()[1]}", timeout_seconds=0.05)

    assert result.reason == "no answer within 0.05 s"
