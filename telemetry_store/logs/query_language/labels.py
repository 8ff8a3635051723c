"""The labels of one line on its way through a pipeline: the stream's, its structured metadata, and what was parsed.

What is parsed under a name that the stream or the metadata has goes to `name_extracted`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from ...vectors import Labels

ERROR = "__error__"
ERROR_DETAILS = "__error_details__"
PRESERVE_ERROR = "__preserve_error__"
DUPLICATE = "_extracted"

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]")
_SANITIZED: dict[str, str] = {}


class Filter(Protocol):
    """A label filter that can be asked while a line is being parsed."""

    def accepts(self, labels: LineLabels) -> bool:
        """Whether the line may go on."""


class Hints:
    """What a parser may leave out, because a metric query needs only some labels.

    `required` names what must be extracted (empty: everything); `nothing` says that no label matters at all. `filters`
    are asked as soon as their label is there: a line that does not pass is not parsed to its end.
    """

    def __init__(
        self, required: Sequence[str] = (), nothing: bool = False, filters: Sequence[tuple[str, Filter]] = ()
    ) -> None:
        self.required = frozenset(required)
        self.nothing = nothing
        self.filters: dict[str, Filter] = {}
        for name, label_filter in filters:
            self.filters.setdefault(name, label_filter)
        self.preserves_error = ERROR in self.required

    def wants(self, name: str) -> bool:
        """Whether the label matters."""
        return not self.required or name in self.required

    def wants_prefix(self, prefix: str) -> bool:
        """Whether a label that starts so matters."""
        return not self.required or any(name.startswith(prefix) for name in self.required)


class LineLabels:
    """Built anew for each line."""

    __slots__ = ("base", "deleted", "details", "error", "extracted", "hints", "metadata", "parsed")

    def __init__(self, base: Labels, metadata: Mapping[str, str], hints: Hints) -> None:
        self.base = base
        self.parsed: Labels = {}
        self.deleted: set[str] = set()
        self.extracted: set[str] = set()
        self.error = ""
        self.details = ""
        self.hints = hints
        self.metadata: Labels = {}
        for name, value in metadata.items():
            free = name + DUPLICATE if name in base else name
            if free == ERROR:
                self.error = value
            elif free == ERROR_DETAILS:
                self.details = value
            else:
                self.metadata[free] = value

    def get(self, name: str) -> str | None:
        """The label's value, or None."""
        value = self.metadata.get(name)
        if value is None:
            value = self.parsed.get(name)
        if value is None and name not in self.deleted:
            return self.base.get(name) or None
        return value

    def text(self, name: str) -> str:
        """The label's value as a filter of texts sees it."""
        return self.error if name == ERROR else self.get(name) or ""

    def name_for(self, name: str) -> str:
        """The name under which a parsed label comes."""
        return name + DUPLICATE if name in self.base or name in self.metadata else name

    def set_parsed(self, name: str, value: str) -> None:
        """Sets a parsed label."""
        self.metadata.pop(name, None)
        self.parsed[name] = value
        self.extracted.add(name)

    def extract(self, name: str, value: str) -> bool:
        """Sets a label that a parser has found; False when a filter already says that the line is not wanted."""
        self.set_parsed(name, value)
        label_filter = self.hints.filters.get(name)
        return label_filter is None or label_filter.accepts(self)

    def delete(self, name: str) -> None:
        """Takes a label away."""
        self.metadata.pop(name, None)
        self.parsed.pop(name, None)
        self.deleted.add(name)

    def fail(self, error: str, details: str | None) -> None:
        """Notes what a parser could not read."""
        self.error = error
        if details is not None:
            self.details = details
        if self.hints.preserves_error:
            self.set_parsed(PRESERVE_ERROR, "true")

    @property
    def needs_nothing_more(self) -> bool:
        """Whether a parser may do without looking."""
        return self.hints.nothing or self.has_all_required

    @property
    def has_all_required(self) -> bool:
        """Whether every label that matters is there."""
        required = self.hints.required
        return bool(required) and required <= self.extracted

    # -- outcomes

    @property
    def is_untouched(self) -> bool:
        """Whether the stream's labels are all there is to say."""
        return not (self.deleted or self.metadata or self.parsed or self.error)

    def stream(self) -> Labels:
        """What is left of the stream's labels."""
        if not (self.deleted or self.metadata or self.parsed):
            return self.base
        hidden = self.deleted | self.metadata.keys() | self.parsed.keys()
        return {name: value for name, value in self.base.items() if name not in hidden}

    def parsed_with_errors(self) -> Labels:
        """The parsed labels, and the error if there is one."""
        if not self.error and not self.details:
            return self.parsed
        parsed = dict(self.parsed)
        if self.error:
            parsed[ERROR] = self.error
        if self.details:
            parsed[ERROR_DETAILS] = self.details
        return parsed

    def all(self) -> Labels:
        """Everything."""
        if self.is_untouched:
            return self.base
        return {**self.stream(), **self.metadata, **self.parsed_with_errors()}


def sanitize(key: str) -> str:
    """A key as a label's name: only letters, digits and underscores, no digit in front."""
    name = _SANITIZED.get(key)
    if name is None:
        trimmed = key.strip()
        name = _NOT_IN_NAMES.sub("_", trimmed)
        if name[:1].isdigit():
            name = f"_{name}"
        if len(_SANITIZED) < 10_000:
            _SANITIZED[key] = name
    return name


def sanitize_path(keys: Sequence[str]) -> str:
    """Nested keys as one name, with underscores between them."""
    name = ""
    for key in keys:
        trimmed = key.strip()
        if not trimmed:
            continue
        part = _NOT_IN_NAMES.sub("_", trimmed)
        name = f"{name}_{part}" if name else f"_{part}" if part[0].isdigit() else part
    return name
