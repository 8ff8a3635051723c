"""Secrets of a lab, such as keys and passwords: made at random once, and kept where only their owner can read them.

They are told to processes in their environment, and stand in no specification of a process: there `${NAME}` holds the
place of the secret called NAME, and lab/spawning.py puts it in. Whoever sets the environment variable NAME chooses the
secret.
"""

import os
import re
import secrets
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from lab.paths import StateDirectory
from lab.private_folder import PrivateFolder

_FILE = "secrets.json"
_BYTES = 32
_PLACE = re.compile(r"\$\{(\w+)\}")


def place_of(name: str) -> str:
    """What stands for a secret in the environment of a ProcessSpec; within an address it is quoted as addresses are."""
    return f"${{{name}}}"


class Secrets:
    """Those of one state directory."""

    def __init__(self, directory: StateDirectory) -> None:
        self._folder = PrivateFolder(directory.root / "secrets")

    def make(self, names: Iterable[str]) -> None:
        """Those that neither the user's environment nor an earlier lab has made."""
        kept = self._kept()
        missing = [name for name in names if not os.environ.get(name) and name not in kept]
        if missing:
            made = {name: secrets.token_urlsafe(_BYTES) for name in missing}
            self._folder.write(_FILE, {**kept, **made})

    def put_into(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The environment with every secret in its place. What looks like a place and is none stays as it is."""
        if not any(_PLACE.search(value) for value in environment.values()):
            return dict(environment)
        kept = self._kept()

        def secret_called(name: str) -> str | None:
            return os.environ.get(name) or kept.get(name)

        def filled(value: str) -> str:
            whole = _PLACE.fullmatch(value)
            if whole:
                return secret_called(whole[1]) or value
            return _PLACE.sub(lambda found: quote(secret_called(found[1]) or "", safe="") or found[0], value)

        return {name: filled(value) for name, value in environment.items()}

    def _kept(self) -> dict[str, str]:
        return {name: str(value) for name, value in (self._folder.read(_FILE) or {}).items()}
