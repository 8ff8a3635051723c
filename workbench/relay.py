"""Hands the browser's questions to the APIs and their answers back: a page may only ask where it came from.

An answer goes through as it is, piece by piece. Only questions go: what is not in the list of an API's query paths is
not there, and nothing on the list writes. When the browser goes away, the question ends, too.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes, urlsplit

import httpcore
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from workbench.answers import problem
from workbench.settings import Settings

logger = logging.getLogger(__name__)

#: A form with a long query in it is some kilobytes.
_LONGEST_FORM = 1_000_000
_FORM = "application/x-www-form-urlencoded"

#: Of the browser's headers those that say how the answer should look.
_ASKED_WITH = ("accept", "x-loki-response-encoding-flags")
#: Of an answer's headers those that describe its body.
_ANSWERED_WITH = (b"content-type", b"content-length", b"content-encoding")

_CONNECT_SECONDS = 3.0
#: At the same time, to one API; more wait for their turn.
_CONNECTIONS = 32
_IDLE_CONNECTIONS = 8
#: Less than servers keep them open.
_IDLE_SECONDS = 15.0

#: One part of a path that an API fills in: the name of a label or a tag, the id of a trace. As a browser encodes it.
_PART = r"(?:[A-Za-z0-9_.~:@$!'()*,;=+-]|%[0-9A-Fa-f]{2})+"


@dataclass(frozen=True)
class Api:
    """One API: what it is called, and the paths under which it only answers. `{}` stands for one part of a path."""

    name: str
    #: As a sentence names it.
    title: str
    paths: Sequence[str]
    #: Those that take the parameters as a form as well: a query may be longer than an address may be.
    form_paths: Sequence[str] = ()

    def allows(self, method: str, path: str) -> bool:
        """Whether this is a question. `path` is percent-encoded, as it came."""
        paths = {"GET": (*self.paths, *self.form_paths), "POST": self.form_paths}.get(method, ())
        return any(_matches(pattern, path) for pattern in paths)


PROMETHEUS = Api(
    "prometheus",
    "Prometheus",
    paths=(
        "/api/v1/label/{}/values",
        "/api/v1/metadata",
        "/api/v1/targets",
        "/api/v1/targets/metadata",
        "/api/v1/alerts",
        "/api/v1/rules",
        "/api/v1/status/buildinfo",
        "/api/v1/status/tsdb",
        "/-/ready",
        "/-/healthy",
    ),
    form_paths=(
        "/api/v1/query",
        "/api/v1/query_range",
        "/api/v1/query_exemplars",
        "/api/v1/format_query",
        "/api/v1/parse_query",
        "/api/v1/labels",
        "/api/v1/series",
    ),
)

LOKI = Api(
    "loki",
    "Loki",
    paths=(
        "/loki/api/v1/label",
        "/loki/api/v1/label/{}/values",
        "/loki/api/v1/patterns",
        "/loki/api/v1/detected_labels",
        "/loki/api/v1/detected_field/{}/values",
        "/loki/api/v1/status/buildinfo",
        "/ready",
    ),
    form_paths=(
        "/loki/api/v1/query",
        "/loki/api/v1/query_range",
        "/loki/api/v1/labels",
        "/loki/api/v1/series",
        "/loki/api/v1/index/stats",
        "/loki/api/v1/index/volume",
        "/loki/api/v1/index/volume_range",
        "/loki/api/v1/detected_fields",
        "/loki/api/v1/format_query",
    ),
)

TEMPO = Api(
    "tempo",
    "Tempo",
    paths=(
        "/api/search",
        "/api/search/tags",
        "/api/search/tag/{}/values",
        "/api/v2/search/tags",
        "/api/v2/search/tag/{}/values",
        "/api/traces/{}",
        "/api/v2/traces/{}",
        "/api/metrics/query",
        "/api/metrics/query_range",
        "/api/status/buildinfo",
        "/api/echo",
        "/ready",
    ),
)

ALERT_INBOX = Api("alert_inbox", "the alert inbox", paths=("/api/notifications", "/health", "/ready"))


class Relay:
    """One API behind `/api/<name>/`: exactly its own paths, below that prefix."""

    def __init__(self, api: Api, base_url: str, query_seconds: float) -> None:
        self.api = api
        self.base_url = base_url
        self.query_seconds = query_seconds
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_IDLE_CONNECTIONS,
            keepalive_expiry=_IDLE_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except ClientDisconnect:
            return
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> ASGIApp:
        path = encoded_path(scope)
        method = scope["method"]
        if not self.api.allows(method, path):
            return problem(
                404 if not self.api.allows("POST" if method == "GET" else "GET", path) else 405,
                "not_found",
                f"{method} {path} is none of {self.api.title}'s questions that the workbench hands on",
            )
        form = b""
        if method == "POST":
            if Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower() != _FORM:
                return problem(415, "bad_data", f"a question that is posted has to be a form: {_FORM}")
            try:
                form = await _read_form(Request(scope, receive))
            except ValueError as error:
                return problem(413, "bad_data", str(error))
        return _Question(self, method, path.encode("ascii"), form)

    def url(self, path: bytes, query: bytes) -> httpcore.URL:
        """Where the API answers this."""
        base = urlsplit(self.base_url)
        target = base.path.rstrip("/").encode() + path + (b"?" + query if query else b"")
        default_port = 443 if base.scheme == "https" else 80
        return httpcore.URL(
            scheme=base.scheme.encode(),
            host=(base.hostname or "").encode(),
            port=base.port or default_port,
            target=target,
        )

    @property
    def pool(self) -> httpcore.AsyncConnectionPool:
        return self._pool

    async def close(self) -> None:
        await self._pool.aclose()


class _Question:
    """One question on its way: ends when it is answered, or when nobody waits for the answer any more."""

    def __init__(self, relay: Relay, method: str, path: bytes, form: bytes) -> None:
        self._relay = relay
        self._method = method
        self._path = path
        self._form = form

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asking = asyncio.create_task(self._ask(scope, receive, send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({asking, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not asking.done():
                asking.cancel()
            await asyncio.gather(asking, leaving, return_exceptions=True)
        if not asking.cancelled():
            asking.result()

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> None:
        relay = self._relay
        try:
            # The waiting is for the beginning of an answer; a long one may take its time.
            async with asyncio.timeout(relay.query_seconds):
                upstream = await self._begin(scope)
        except (TimeoutError, httpcore.TimeoutException) as error:
            if isinstance(error, httpcore.ConnectTimeout):
                await unreachable(relay)(scope, receive, send)
            else:
                await too_slow(relay)(scope, receive, send)
            return
        except (httpcore.NetworkError, httpcore.ProtocolError):
            await unreachable(relay)(scope, receive, send)
            return
        try:
            headers = [(name.lower(), value) for name, value in upstream.headers if name.lower() in _ANSWERED_WITH]
            headers.append((b"cache-control", b"no-store"))
            await send({"type": "http.response.start", "status": upstream.status, "headers": headers})
            async for piece in upstream.aiter_stream():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            # Without its end the answer cannot pass for a complete one: the connection to the browser is cut.
            logger.warning("%s broke off its answer to %s: %r", relay.api.title, self._path.decode(), error)
        finally:
            await upstream.aclose()

    async def _begin(self, scope: Scope) -> httpcore.Response:
        relay = self._relay
        incoming = Headers(scope=scope)
        url = relay.url(self._path, scope["query_string"])
        headers = [(b"host", urlsplit(relay.base_url).netloc.encode()), (b"user-agent", b"glasshouse-workbench")]
        headers += [(name.encode(), incoming[name].encode("latin-1")) for name in _ASKED_WITH if name in incoming]
        if self._method == "POST":
            headers += [(b"content-type", _FORM.encode()), (b"content-length", str(len(self._form)).encode())]
        seconds = {"connect": _CONNECT_SECONDS, "read": relay.query_seconds, "write": relay.query_seconds}
        request = httpcore.Request(
            self._method, url, headers=headers, content=self._form, extensions={"timeout": seconds}
        )
        try:
            return await relay.pool.handle_async_request(request)
        except httpcore.RemoteProtocolError:
            # A kept connection that the server closed at this very moment. A question can be asked twice.
            return await relay.pool.handle_async_request(request)


async def _left(receive: Receive) -> None:
    """Returns when the browser has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read_form(request: Request) -> bytes:
    """Raises ValueError when it is too long, ClientDisconnect when the browser went away."""
    pieces = bytearray()
    async for piece in request.stream():
        pieces += piece
        if len(pieces) > _LONGEST_FORM:
            raise ValueError(f"the question is longer than {_LONGEST_FORM} bytes")
    return bytes(pieces)


def encoded_path(scope: Scope) -> str:
    """The path below the place where the app is mounted, percent-encoded as it came."""
    raw = scope.get("raw_path") or scope["path"].encode()
    encoded = str(raw.partition(b"?")[0].decode("latin-1"))
    mounted = scope.get("root_path", "")
    # Where we are mounted there is nothing to encode: who does it all the same asks for something else.
    return encoded.removeprefix(mounted) if encoded.startswith(mounted) else ""


def _matches(pattern: str, path: str) -> bool:
    fixed, asked = pattern.split("/"), path.split("/")
    return len(fixed) == len(asked) and all(
        _is_one_part(part) if place == "{}" else place == part for place, part in zip(fixed, asked, strict=True)
    )


def _is_one_part(part: str) -> bool:
    """Whether it stays one part, whoever decodes it."""
    if not re.fullmatch(_PART, part):
        return False
    decoded = unquote_to_bytes(part)
    return decoded not in (b".", b"..") and not any(byte < 0x20 or byte in b"/\\%\x7f" for byte in decoded)


def unreachable(relay: Relay) -> JSONResponse:
    return problem(
        502,
        "unreachable",
        f"{relay.api.title} at {relay.base_url} cannot be reached. Is it running? `python3 lab status` says so",
    )


def too_slow(relay: Relay) -> JSONResponse:
    return problem(
        504,
        "timeout",
        f"{relay.api.title} at {relay.base_url} gave no answer within {relay.query_seconds:g} s. "
        "Ask for a shorter time or less data, or look with `python3 lab status` whether it is well",
    )


def relays(settings: Settings) -> list[Relay]:
    """One for each API that there is."""
    addresses = (
        (PROMETHEUS, settings.prometheus_url),
        (LOKI, settings.loki_url),
        (TEMPO, settings.tempo_url),
        (ALERT_INBOX, settings.alert_inbox_url),
    )
    return [Relay(api, address, settings.query_seconds) for api, address in addresses if address is not None]


def routes(every: Iterable[Relay]) -> list[BaseRoute]:
    return [Mount(f"/api/{relay.api.name}", relay) for relay in every]
