"""The file that switches faults: feature flags in flagd's format, which the services watch.

Commands that write at the same time wait for each other; services never see half of a file. What somebody else has
written into it, such as a flag of their own, stays.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.faults.catalogue import ParameterValue
from lab.run_state import wait_for_lock, write_json_atomically

Values = Mapping[str, ParameterValue]

#: What a flag is whose fault has nothing to choose: something must be in it, or it would be off.
_WITHOUT_PARAMETERS: Values = {"on": True}

#: In the flag's metadata, where flagd allows for what it does not need itself.
_SINCE = "switched_on_unix_seconds"

_SCHEMA = "https://flagd.dev/schema/v0/flags.json"


class FlagFileError(RuntimeError):
    """The file cannot be read or written; the message says why and what to do."""


@dataclass(frozen=True)
class SwitchedOn:
    """A flag that is on."""

    values: Values
    #: Unix seconds; None if that is not known, because somebody else has switched it.
    since: float | None


class FlagFile:
    """The flags of one lab."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def switched_on(self) -> dict[str, SwitchedOn]:
        """The flags that are on. Raises FlagFileError."""
        return {name: on for name, flag in self._flags().items() if (on := _switched_on(flag))}

    def switch_on(self, flag: str, values: Values, known: Iterable[str] = ()) -> None:
        """`known` are the flags that are to stand in the file even while they are off. Raises FlagFileError.

        A flag that is on already is on since then, whatever its values were."""
        with self._locked():
            flags = self._flags()
            before = _switched_on(flags.get(flag, {}))
            since = before.since if before else time.time()
            self._write({**_all_off(known), **flags, flag: _entry(values or _WITHOUT_PARAMETERS, since)})

    def switch_off(self, flag: str) -> None:
        """Raises FlagFileError."""
        with self._locked():
            flags = self._flags()
            if flag in flags:
                self._write({**flags, flag: _entry({})})

    def clear(self, known: Iterable[str] = ()) -> None:
        """Every flag is off, whoever has switched it, and whatever is wrong with the file. Raises FlagFileError."""
        with self._locked():
            # Not just removed: this way each service says so if it cannot read the file at all.
            self._write(_all_off(known))

    def forget(self) -> None:
        """There is no such file any more: a lab begins without."""
        self.path.unlink(missing_ok=True)

    def prepare(self) -> None:
        """Make the folder of the file, in which services look: also those in containers, as other users."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.parent.chmod(0o755)

    def _flags(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            flags = content["flags"]
            if not all(isinstance(flag, dict) for flag in flags.values()):
                raise TypeError("a flag is no object")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise FlagFileError(f"{self.path} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FlagFileError(
                f"{self.path} is not in flagd's format ({error}). "
                "Mend it, or switch everything off with: python3 lab fault clear"
            ) from error
        return dict(flags)

    def _write(self, flags: Mapping[str, Any]) -> None:
        try:
            before = self.path.stat().st_mtime_ns if self.path.exists() else 0
            write_json_atomically(self.path, {"$schema": _SCHEMA, "flags": dict(flags)}, mode=0o644)
            if self.path.stat().st_mtime_ns <= before:
                # flagd reads what is younger than before. Two changes may fall into one tick of the file system's
                # clock, and clocks are set.
                os.utime(self.path, ns=(before + 10_000_000, before + 10_000_000))
        except OSError as error:
            raise FlagFileError(f"{self.path} cannot be written: {error.strerror}") from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.prepare()
            file = wait_for_lock(self.path.with_suffix(".lock"))
        except OSError as error:
            raise FlagFileError(f"{self.path.parent} cannot be written to: {error.strerror}") from error
        with file:
            yield


def _entry(values: Values, since: float | None = None) -> dict[str, Any]:
    """A flag as flagd knows it: its variants, and which one it is."""
    entry: dict[str, Any] = {"state": "ENABLED", "variants": {"off": {}}, "defaultVariant": "off"}
    if values:
        entry["variants"]["on"] = dict(values)
        entry["defaultVariant"] = "on"
        if since is not None:
            entry["metadata"] = {_SINCE: since}
    return entry


def _all_off(flags: Iterable[str]) -> dict[str, Any]:
    return {flag: _entry({}) for flag in flags}


def _switched_on(flag: Mapping[str, Any]) -> SwitchedOn | None:
    """As a service would see it, targeting aside. None when it is off."""
    if flag.get("state") != "ENABLED":
        return None
    variants = flag.get("variants")
    values = variants.get(flag.get("defaultVariant")) if isinstance(variants, dict) else None
    if not isinstance(values, dict) or not values:
        return None
    metadata = flag.get("metadata")
    since = metadata.get(_SINCE) if isinstance(metadata, dict) else None
    return SwitchedOn(values, float(since) if isinstance(since, int | float) else None)
