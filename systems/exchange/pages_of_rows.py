"""Long lists a page at a time: newest first, and where to go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from observability.errors import RequestError
from systems.exchange.orders import LARGEST_ID

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 500


@dataclass(frozen=True)
class Page:
    """Which rows are asked for: at most `limit` of those whose id is below `before`."""

    limit: int
    before: int

    def next_before(self, rows: Sequence[Mapping[str, Any]]) -> int | None:
        """What to ask for next, given the rows of this page; None when they were the last."""
        return int(rows[-1]["id"]) if len(rows) == self.limit else None


def read_page(arguments: Mapping[str, str]) -> Page:
    """From `?limit=…&before=…`. Raises RequestError (400) that says what they may be."""
    return Page(
        _number(arguments, "limit", DEFAULT_LIMIT, LARGEST_LIMIT), _number(arguments, "before", LARGEST_ID, LARGEST_ID)
    )


def _number(arguments: Mapping[str, str], name: str, default: int, largest: int) -> int:
    text = arguments.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdigit() and len(text) <= len(str(largest)) and 1 <= int(text) <= largest:
        return int(text)
    raise RequestError(400, f"invalid_{name}", f"{name} must be a whole number from 1 to {largest}")
