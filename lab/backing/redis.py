"""The Redis that services speak to: `python -m lab.backing.redis --folder … --port …`.

A redis-server (or valkey-server) on PATH keeps what it is told on disk. Where there is none, fakeredis answers the same
protocol from memory: what it held is gone when it ends, and services of a lab have to live with that anyway.
"""

import argparse
import os
import shutil
from pathlib import Path
from typing import NoReturn

from lab.ports import HOST

PROGRAMS = ("redis-server", "valkey-server")


def find_program() -> str | None:
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


def become(program: str, folder: Path, port: int) -> NoReturn:
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "bind": HOST,
        "port": str(port),
        "dir": str(folder),
        # Each change goes to a file, and that to the disk every second. In production that, and replicas.
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
    }
    os.execv(program, [program, *(word for name, value in settings.items() for word in (f"--{name}", value))])


def serve_from_memory(port: int) -> None:
    # Only here: a machine with a real server has no need of the package.
    from fakeredis import TcpFakeServer

    print(f"fakeredis answers on port {port}, from memory: no redis-server is on PATH", flush=True)
    TcpFakeServer((HOST, port)).serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    program = find_program()
    if program is None:
        serve_from_memory(options.port)
    else:
        become(program, options.folder, options.port)


if __name__ == "__main__":
    main()
