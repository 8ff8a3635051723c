"""OpenFeature's client with flagd's provider on one file. The only module that imports either: both are expensive."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ErrorCode, OpenFeatureError
from openfeature.provider import ProviderStatus

from feature_flags.flags import Value

# Providers are registered for the whole process; each file is asked in a domain of its own.
_domains = (f"file-{number}" for number in itertools.count(1))

# They write a traceback at each poll of a broken file, and the names of flags. What is wrong, `state` says.
for _name in ("openfeature", "openfeature.contrib"):
    logging.getLogger(_name).disabled = True


@dataclass(frozen=True)
class FileState:
    """What the file says, and what is wrong with it."""

    #: Flag -> parameters, of those that are on. None until the file could be read once.
    values: Mapping[str, Value] | None
    #: Without the names of flags. None if all is well.
    problem: str | None


class FlagdFile:
    """The flags of a file that exists, kept up to date by the provider's own thread until `close`."""

    def __init__(self, path: Path, poll_seconds: float, on_news: Callable[[], None]) -> None:
        self._on_news = on_news
        self._changed: SimpleQueue[str] = SimpleQueue()
        self._loaded = False
        self._values: dict[str, Value] = {}
        self._unusable: dict[str, str] = {}
        self._message = ""
        domain = next(_domains)
        # Before the provider: what it finds in the file at first it tells as changes, too.
        self._client = api.get_client(domain)
        self._client.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, self._note_changes)
        self._client.add_handler(ProviderEvent.PROVIDER_ERROR, self._note_error)
        self._provider = FlagdProvider(
            resolver_type=ResolverType.FILE,
            offline_flag_source_path=str(path),
            # This is also how often the file is looked at.
            deadline_ms=int(poll_seconds * 1000),
        )
        try:
            api.set_provider_and_wait(self._provider, domain)
        except OpenFeatureError as error:
            # Broken from the beginning. The provider goes on to look at it.
            self._message = str(error.__cause__ or error)

    def state(self) -> FileState:
        """What changed is evaluated here; everything else is remembered."""
        for name in self._names_that_changed():
            self._evaluate(name)
        problem = None
        if self._client.get_provider_status() != ProviderStatus.READY:
            problem = self._message
        elif self._unusable:
            problem = f"{len(self._unusable)} of its flags cannot be evaluated: {min(self._unusable.values())}"
        return FileState(dict(self._values) if self._loaded else None, problem)

    def close(self) -> None:
        """Let go of the file."""
        self._client.remove_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, self._note_changes)
        self._client.remove_handler(ProviderEvent.PROVIDER_ERROR, self._note_error)
        self._provider.shutdown()

    def _note_changes(self, details: EventDetails) -> None:
        for name in details.flags_changed or ():
            self._changed.put(name)
        self._loaded = True
        self._on_news()

    def _note_error(self, details: EventDetails) -> None:
        # That it is not ready says nothing about why.
        if details.error_code != ErrorCode.PROVIDER_NOT_READY:
            self._message = details.message or "it cannot be read"
        self._on_news()

    def _names_that_changed(self) -> set[str]:
        names = set()
        try:
            while True:
                names.add(self._changed.get_nowait())
        except Empty:
            return names

    def _evaluate(self, name: str) -> None:
        details = self._client.get_object_details(name, {})
        self._unusable.pop(name, None)
        if details.error_code == ErrorCode.FLAG_NOT_FOUND:
            self._values.pop(name, None)
        elif details.error_code is not None:
            self._unusable[name] = details.error_code.value
        elif isinstance(details.value, Mapping):
            self._values[name] = details.value
        else:
            self._unusable[name] = ErrorCode.TYPE_MISMATCH.value
