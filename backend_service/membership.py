"""What members get, by kind of membership: terms as text, the way whoever sells memberships writes them down.

free_shipping; discount 5%; returns 60 days
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TERMS = {
    "standard": "returns 30 days",
    "silver": "free_shipping; returns 60 days",
    "gold": "free_shipping; discount 5%; returns 100 days",
}


class Memberships:
    """The terms in force, by membership; empty = there is no such programme."""

    def __init__(self, terms: Mapping[str, str] | None = None) -> None:
        self.terms = dict(terms or {})

    def benefits(self, membership: str) -> dict[str, Any]:
        """What the terms come to: name -> True, or a number of the unit they are in. Raises ValueError for terms that
        cannot be read."""
        return dict(_read_term(term) for term in self.terms[membership].split(";"))


def _read_term(text: str) -> tuple[str, Any]:
    name, *rest = text.split()
    if not rest:
        return name, True
    return name, int(rest[0].removesuffix("%"))
