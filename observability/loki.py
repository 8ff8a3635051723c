"""Log lines to Loki: python-logging-loki's emitter, taught to send in batches.

The library's own handler makes one HTTP request a record, on the thread that logs; that alone triples what a
request costs (see docs/performance.md). Here the emitter keeps the library's session and authentication, and its
rules for labels, but a batch of lines leaves as one push, grouped by stream.
"""

from __future__ import annotations

import orjson
import requests
from logging_loki.emitter import LokiEmitterV1  # type: ignore[import-untyped]
from opentelemetry.instrumentation.utils import suppress_instrumentation

from observability.batching import Rejected
from observability.logs import LogLine

_PUSH_PATH = "/loki/api/v1/push"
_TIMEOUT_SECONDS = (1.0, 5.0)


class BatchedLokiEmitter(LokiEmitterV1):  # type: ignore[misc]
    """Sends lists of `LogLine` to Loki, one push a list, one stream a level.

    The stream labels are `service` and `level` only: few and low in cardinality; everything else is in the line.
    """

    level_tag = "level"

    def __init__(self, base_url: str, service: str) -> None:
        super().__init__(base_url.rstrip("/") + _PUSH_PATH, tags={"service": service})
        # Prepared once: address, headers and authentication are the same for every push, and preparing them, with a
        # look for proxies and .netrc in the environment, costs more than sending.
        self.session.trust_env = False
        self._push = self.session.prepare_request(
            requests.Request("POST", self.url, headers={"Content-Type": "application/json"})
        )

    def send(self, lines: list[LogLine]) -> None:
        """Push the lines.

        Raises `Rejected` when Loki refuses them for good (4xx, but not 429), requests.RequestException or
        RuntimeError when it is away or overloaded.
        """
        streams: dict[str, list[tuple[str, str]]] = {}
        for line in lines:
            streams.setdefault(line.level, []).append((str(line.time_unix_nano), line.json()))
        body = orjson.dumps(
            {
                "streams": [
                    {"stream": {**self.tags, self.level_tag: level}, "values": values}
                    for level, values in streams.items()
                ]
            }
        )
        push = self._push.copy()
        push.prepare_body(body, None)
        # The library's session is a requests one: its delivery of telemetry must not become telemetry.
        with suppress_instrumentation():
            response = self.session.send(push, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
        if response.status_code == self.success_response_code:
            return
        reason = f"Loki answered {response.status_code}: {response.text[:200]}"
        if 400 <= response.status_code < 500 and response.status_code != 429:
            raise Rejected(reason)
        raise RuntimeError(reason)
