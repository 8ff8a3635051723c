"""What counts as an id in an address."""

from __future__ import annotations

from observability.errors import RequestError
from systems.exchange.orders import LARGEST_ID


def parse_id(kind: str, text: str | None) -> int:
    """The number. Raises RequestError (400) that says what an id of this kind looks like."""
    if text and text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_ID)):
        number = int(text)
        if 1 <= number <= LARGEST_ID:
            return number
    raise RequestError(400, f"invalid_{kind}_id", f"the {kind}'s id must be a whole number of at least 1")
