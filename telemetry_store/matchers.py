"""Label matchers (`=`, `!=`, `=~`, `!~`), the same in PromQL and LogQL: regular expressions match the whole value."""

from __future__ import annotations

from dataclasses import dataclass, field

from .regexes import Pattern, compile_pattern


@dataclass(frozen=True)
class Matcher:
    """One condition on a label. A label that a series lacks counts as empty. Raises BadRequest for a broken pattern."""

    name: str
    operation: str
    value: str
    _pattern: Pattern | None = field(init=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if self.operation in ("=~", "!~"):
            object.__setattr__(self, "_pattern", compile_pattern(self.value))

    def accepts(self, value: str) -> bool:
        """Whether a label with this value fulfils the condition."""
        if self._pattern is None:
            return (value == self.value) == (self.operation == "=")
        return (self._pattern.fullmatch(value) is not None) == (self.operation == "=~")

    def accepts_labels(self, labels: dict[str, str]) -> bool:
        """Whether a series with these labels fulfils the condition."""
        return self.accepts(labels.get(self.name, ""))
