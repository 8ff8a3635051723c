"""The path one request took: the milliseconds spent in each tier, as the tiers report them in Server-Timing headers."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: `name;dur=1.5;desc="text"`, the part of W3C Server Timing that the chain's services write.
_ENTRY = re.compile(r'\s*([a-z]+)((?:;[a-z]+=(?:"[^"]*"|[^,;"]*))*)\s*', re.ASCII)
_PARAMETER = re.compile(r';([a-z]+)=(?:"([^"]*)"|([^,;"]*))', re.ASCII)


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
    tiers = [Tier("frontend", frontend_milliseconds)]
    cache = ""
    for entry in _ENTRY.finditer(server_timing):
        name = entry[1]
        parameters = {
            found[1]: found[2] if found[2] is not None else found[3] for found in _PARAMETER.finditer(entry[2])
        }
        if name == "cache" and parameters.get("desc") in ("hit", "miss"):
            cache = parameters["desc"]
        elif name in ("backend", "database") and "dur" in parameters:
            try:
                tiers.append(Tier(name, float(parameters["dur"])))
            except ValueError:
                continue
    return RequestPath(tuple(tiers), cache)
