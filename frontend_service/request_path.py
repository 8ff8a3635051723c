"""The path one request took: the milliseconds spent in each tier, as the tiers report them in Server-Timing headers."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: The part of W3C Server Timing that the chain's services write: `name;dur=1.5` and `name;desc="text"`.
_DURATION = re.compile(r"(backend|database);dur=(\d{1,9}(?:\.\d{1,9})?)\s*(?:,|$)", re.ASCII)
_CACHE = re.compile(r'cache;desc="(hit|miss)"')


@dataclass(frozen=True)
class Tier:
    """One tier's part: from its request to its answer, the tiers below included."""

    name: str
    milliseconds: float


@dataclass(frozen=True)
class RequestPath:
    """Tiers from the outermost to the innermost; `cache` is "hit", "miss" or "" when the backend did not say."""

    tiers: tuple[Tier, ...]
    cache: str = ""

    def server_timing(self) -> str:
        """The path as a Server-Timing header, which browsers show beside the request."""
        entries = [f"{tier.name};dur={tier.milliseconds:.2f}" for tier in self.tiers]
        if self.cache:
            entries.append(f'cache;desc="{self.cache}"')
        return ", ".join(entries)


def read_request_path(frontend_milliseconds: float, server_timing: str) -> RequestPath:
    """The path from the frontend's own time and the backend's Server-Timing header. What cannot be read is left out."""
    below = [Tier(found[1], float(found[2])) for found in _DURATION.finditer(server_timing)]
    cache = _CACHE.search(server_timing)
    return RequestPath((Tier("frontend", frontend_milliseconds), *below), cache[1] if cache else "")
