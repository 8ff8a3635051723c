"""One GET to a process on this machine: does it answer, and what?

For health checks; queries of telemetry go through lab/telemetry_client.py.
"""

import http.client
from dataclasses import dataclass
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True)
class ProbeResult:
    """`status` is None when there was no answer; `reason` then says why."""

    status: int | None
    reason: str
    body: bytes = b""

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def probe(url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> ProbeResult:
    """Never raises. Proxies are not asked: what is probed runs here."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_seconds)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target, headers={"Accept": "application/json", "Connection": "close"})
        response = connection.getresponse()
        return ProbeResult(response.status, response.reason, response.read())
    except TimeoutError:
        return ProbeResult(None, f"no answer within {timeout_seconds:g} s")
    except ConnectionRefusedError:
        return ProbeResult(None, "nothing listens there")
    except (OSError, http.client.HTTPException) as error:
        return ProbeResult(None, str(error) or type(error).__name__)
    finally:
        connection.close()
