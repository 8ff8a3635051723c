"""What a learner's lab keeps of a workshop, in its state directory:

    workshop/membership.json  where, as whom, and the token that proves it; gone after `leave`
    workshop/tokens.json      tokens by address and name: who comes back is the same one
    workshop/contact.json     when the server answered last, or why it does not
    workshop/obeyed.json      the instructor's orders that were done, and what of them is on; it tells what is hidden
    workshop/companion.log    what the process in the background has printed

The folder is its owner's alone, as that of an incident.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from lab.paths import StateDirectory
from lab.run_state import ProcessIdentity, write_json_atomically


class CompanionRunning(RuntimeError):
    """There is one already."""


@dataclass(frozen=True)
class Membership:
    #: Of the workshop's server.
    address: str
    name: str
    team: str | None
    #: Whose progress is told.
    learner: str
    token: str


class MembershipFiles:
    """Of one lab."""

    def __init__(self, state_dir: StateDirectory) -> None:
        self.folder = state_dir.root / "workshop"
        self.log = self.folder / "companion.log"

    def membership(self) -> Membership | None:
        content = self._read("membership.json")
        try:
            return None if content is None else Membership(**content)
        except TypeError:
            # Of another version: nobody is joined then.
            return None

    def write_membership(self, membership: Membership) -> None:
        (self.folder / "contact.json").unlink(missing_ok=True)
        self._write("membership.json", asdict(membership))
        self._write("tokens.json", {**(self._read("tokens.json") or {}), _key(membership): membership.token})

    def forget_membership(self) -> None:
        for name in ("membership.json", "contact.json", "obeyed.json", "process.json"):
            (self.folder / name).unlink(missing_ok=True)

    def token_for(self, address: str, name: str) -> str:
        """The one with which this machine was there before, or a new one."""
        kept = (self._read("tokens.json") or {}).get(f"{address} {name.casefold()}")
        return kept if isinstance(kept, str) else secrets.token_urlsafe(32)

    def contact(self) -> Mapping[str, Any] | None:
        return self._read("contact.json")

    def write_contact(self, content: Mapping[str, Any]) -> None:
        self._write("contact.json", content)

    def obeyed(self) -> Mapping[str, Any] | None:
        return self._read("obeyed.json")

    def write_obeyed(self, content: Mapping[str, Any]) -> None:
        self._write("obeyed.json", content)

    def process(self) -> ProcessIdentity | None:
        content = self._read("process.json")
        return None if content is None else ProcessIdentity(**content)

    @contextmanager
    def held(self, identity: ProcessIdentity) -> Iterator[None]:
        """For as long as the process in the background runs; the kernel lets go however it ends. Raises
        CompanionRunning."""
        with self._lock():
            self._write("process.json", asdict(identity))
            yield

    def is_running(self) -> bool:
        if not (self.folder / "lock").exists():
            return False
        try:
            with self._lock():
                return False
        except CompanionRunning:
            return True

    def open_log(self) -> int:
        self._prepare()
        return os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self._prepare()
        with (self.folder / "lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CompanionRunning from None
            yield

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        self._prepare()
        write_json_atomically(self.folder / name, dict(content), mode=0o600)

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            content = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return content if isinstance(content, dict) else None


def _key(membership: Membership) -> str:
    return f"{membership.address} {membership.name.casefold()}"
