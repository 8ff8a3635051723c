"""Finding out who holds a port."""

import os
import socket
import subprocess
import sys

from lab.port_check import conflicts, holder_of, is_free

LISTEN = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""


def test_a_port_that_another_process_listens_on_is_named_with_that_process():
    with subprocess.Popen(
        [sys.executable, "-c", LISTEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        port = int(process.stdout.readline())

        assert not is_free(port)
        found = conflicts([(port, "frontend")])

        assert len(found) == 1
        assert str(found[0]).startswith(f"port {port}, for frontend, is in use by {sys.executable} -c")
        assert str(found[0]).endswith(f"(pid {process.pid})")
        process.stdin.close()


def test_a_free_port_is_free_and_held_by_nobody_known(free_port):
    assert is_free(free_port)
    assert conflicts([(free_port, "frontend")]) == []
    assert str(holder_of(free_port)) == "a process of another user"


def test_connections_that_linger_from_an_earlier_run_do_not_count():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = listener.accept()
            # The side that closes first keeps the port in TIME_WAIT.
            accepted.close()

    assert is_free(port)


def test_a_listener_on_all_addresses_holds_the_port_too():
    with socket.create_server(("0.0.0.0", 0)) as listener:
        port = listener.getsockname()[1]

        assert not is_free(port)
        assert holder_of(port).pid == os.getpid()
