"""What stands between a browser and everything else: who may ask, who may change something, what a page may do.

The page shows text that came from anywhere, and listens on a machine that has a browser with other pages open. So:
- only our own files run (Content-Security-Policy), and no other page may put ours into a frame;
- a name that somebody else's DNS points at this machine is refused (DNS rebinding): the Host has to be one of ours;
- another page of the same browser may neither ask the APIs, nor follow a tail, nor change anything.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workbench.answers import problem
from workbench.settings import Network, Settings

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
        # Text that becomes markup is an error, and not only where somebody looks for it.
        "require-trusted-types-for 'script'",
    )
)

#: On every answer, whatever it is.
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # For browsers that know no frame-ancestors.
    "X-Frame-Options": "DENY",
}

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = re.compile(r"(?P<name>[a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?")

#: A proxy in front makes every visitor look as if he sat here.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")

#: What only our own page may ask: the answers are somebody's telemetry.
_OWN_PAGE_ONLY = "/api/"


class Guard:
    """Stands in front of the app: refuses strangers, and puts the headers on every answer, errors included."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._hosts = _LOOPBACK_NAMES | {settings.host.lower(), *settings.allowed_hosts} - {"0.0.0.0", "::"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if scope["type"] == "websocket":
            if refusal is None:
                await self._app(scope, receive, send)
            else:
                await receive()
                # Before it is accepted, this is an answer of 403.
                await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                outgoing = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    outgoing[name] = value
            await send(message)

        answer = self._app if refusal is None else refusal
        await answer(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> JSONResponse | None:
        host = _HOST.fullmatch(headers.get("host", "").lower())
        if host is None or host["name"] not in self._hosts:
            return problem(
                421,
                "forbidden",
                "This page does not know itself by the name in the Host header. Open it as http://127.0.0.1 with its "
                "port, or name the host in WORKBENCH_ALLOWED_HOSTS",
            )
        if scope["path"].startswith(_OWN_PAGE_ONLY) and is_from_another_page(headers, scope["type"] == "websocket"):
            return problem(
                403, "forbidden", "Only the workbench's own page may ask this: the question came from another page"
            )
        return None


def is_from_another_page(headers: Headers, origin_needed: bool = False) -> bool:
    """Whether a browser says that some other origin's page asks. What is no browser says neither.

    Browsers send no Sec-Fetch-Site with a WebSocket everywhere, but always an Origin: `origin_needed`."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    if origin is None:
        # curl and the like: no page, so no other page.
        return origin_needed and "sec-fetch-mode" in headers
    return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def why_it_may_not_write(scope: Scope, writers: Iterable[Network]) -> str | None:
    """A sentence for who asks, or None when he may: only our page, opened in a browser of an allowed network."""
    headers = Headers(scope=scope)
    reason = why_it_is_read_only(scope, writers)
    if reason is not None:
        return reason
    if headers.get("origin") is None and headers.get("sec-fetch-site") is None:
        return (
            "only a browser on the workbench's page may change something; in a terminal there are "
            "`python3 lab annotate`, `lab exercise` and `lab fault`"
        )
    if is_from_another_page(headers) or headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return "only the workbench's own page may change something: the request came from another page"
    return None


def why_it_is_read_only(scope: Scope, writers: Iterable[Network]) -> str | None:
    """Why a page that this visitor opens can only look; None when it may also change something."""
    headers = Headers(scope=scope)
    if any(name in headers for name in _FORWARDED):
        return "through a proxy the workbench only shows: nobody can tell where the request came from"
    peer = scope["client"][0] if scope.get("client") else ""
    try:
        address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(peer)
    except ValueError:
        return "the workbench only shows: it cannot tell where the request came from"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if not any(address in network for network in writers):
        return f"from {peer} the workbench only shows; changes are made on the machine it runs on (WORKBENCH_WRITERS)"
    return None
