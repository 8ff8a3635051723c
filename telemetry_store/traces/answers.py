"""Search results in the shapes in which Tempo answers."""

from __future__ import annotations

from typing import Any

from .storage import StoredSpan

Json = dict[str, Any]
