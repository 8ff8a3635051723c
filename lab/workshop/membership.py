"""What a learner's lab keeps of a workshop, in its state directory:

    workshop/membership.json  where, as whom, and the token that proves it; gone after `leave`
    workshop/tokens.json      tokens by address and name: who comes back is the same one
    workshop/contact.json     when the server answered last, or why it does not
    workshop/obeyed.json      the instructor's orders that were done, and what of them is on; it tells what is hidden
    workshop/companion.log    what the process in the background has printed

The folder is its owner's alone, as that of an incident.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from lab.paths import StateDirectory
from lab.private_folder import Held, PrivateFolder
from lab.run_state import ProcessIdentity


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
        self._files = PrivateFolder(state_dir.root / "workshop")
        self.folder = self._files.path
        self.log = self.folder / "companion.log"

    def membership(self) -> Membership | None:
        content = self._files.read("membership.json")
        try:
            return None if content is None else Membership(**content)
        except TypeError:
            # Of another version: nobody is joined then.
            return None

    def write_membership(self, membership: Membership) -> None:
        self._files.remove("contact.json")
        self._files.write("membership.json", asdict(membership))
        self._files.write(
            "tokens.json", {**(self._files.read("tokens.json") or {}), _key(membership): membership.token}
        )

    def forget_membership(self) -> None:
        self._files.remove("membership.json", "contact.json", "obeyed.json", "process.json")

    def token_for(self, address: str, name: str) -> str:
        """The one with which this machine was there before, or a new one."""
        kept = (self._files.read("tokens.json") or {}).get(f"{address} {name.casefold()}")
        return kept if isinstance(kept, str) else secrets.token_urlsafe(32)

    def contact(self) -> Mapping[str, Any] | None:
        return self._files.read("contact.json")

    def write_contact(self, content: Mapping[str, Any]) -> None:
        self._files.write("contact.json", content)

    def obeyed(self) -> Mapping[str, Any] | None:
        return self._files.read("obeyed.json")

    def write_obeyed(self, content: Mapping[str, Any]) -> None:
        self._files.write("obeyed.json", content)

    def process(self) -> ProcessIdentity | None:
        content = self._files.read("process.json")
        return None if content is None else ProcessIdentity(**content)

    @contextmanager
    def held(self, identity: ProcessIdentity) -> Iterator[None]:
        """For as long as the process in the background runs; the kernel lets go however it ends. Raises
        CompanionRunning."""
        try:
            with self._files.held():
                self._files.write("process.json", asdict(identity))
                yield
        except Held:
            raise CompanionRunning from None

    def is_running(self) -> bool:
        return self._files.is_held()

    def open_log(self) -> int:
        return self._files.open_log(self.log.name)


def _key(membership: Membership) -> str:
    return f"{membership.address} {membership.name.casefold()}"
