"""What counts as an id in a path: a positive whole number in plain digits, as the databases' keys are."""

from __future__ import annotations

import re

from observability.errors import RequestError

_ID = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)


def parse_id(kind: str, text: str) -> int:
    """The number that `text` spells, 1 to 9,999,999,999. `kind` is what it identifies, such as "user".

    Raises RequestError 400 `invalid_<kind>_id`. The text is shown shortened: it can be as long as a URL can.
    """
    if not _ID.fullmatch(text):
        shown = text if len(text) <= 20 else f"{text[:20]}…"
        raise RequestError(
            400,
            f"invalid_{kind}_id",
            f"{kind} id must be a positive whole number of at most 10 digits, not {shown!r}",
            hint="ids are counted from 1, such as 123",
        )
    return int(text)
