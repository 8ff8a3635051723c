"""Is a port free, and if not, who holds it and what can be done about it?"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from lab.ports import HOST


@dataclass(frozen=True)
class PortHolder:
    """What is known about the process that listens on a port; both None when it is another user's."""

    pid: int | None
    command: str | None

    def __str__(self) -> str:
        if self.pid is None:
            return "a process of another user"
        return f"{self.command} (pid {self.pid})"


@dataclass(frozen=True)
class PortConflict:
    port: int
    #: What wanted the port.
    wanted_by: str
    holder: PortHolder

    def __str__(self) -> str:
        return f"port {self.port}, for {self.wanted_by}, is in use by {self.holder}"


def is_free(port: int, host: str = HOST) -> bool:
    # Asking first: on macOS a bind with SO_REUSEADDR succeeds beside a listener on all addresses.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.settimeout(1.0)
        if client.connect_ex((host, port)) == 0:
            return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
        # As the servers do: connections that linger from an earlier run must not count.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((host, port))
        except OSError:
            return False
    return True


def conflicts(wanted: Iterable[tuple[int, str]]) -> list[PortConflict]:
    """The (port, wanted by) pairs that are taken, each with who holds it."""
    return [PortConflict(port, by, holder_of(port)) for port, by in wanted if not is_free(port)]


def holder_of(port: int) -> PortHolder:
    for process in psutil.process_iter():
        try:
            for connection in process.net_connections(kind="tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
                    return PortHolder(process.pid, _command(process))
        except (psutil.Error, OSError):
            # macOS and Linux show other users' connections only to root.
            continue
    return PortHolder(None, None)


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())[:80] or process.name()
    except psutil.Error:
        return "a process"
