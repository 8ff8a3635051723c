"""What stands between a browser and the workshop: the page's own files only, no posts from other pages, JSON objects.

Nobody is known by a cookie, so there is nothing that another page of the same browser could use; it is refused all the
same.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Request, Response

MOST_BYTES = 65_536

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'none'",
            # Names come from anybody: text that becomes markup is an error.
            "require-trusted-types-for 'script'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


class Refused(Exception):
    """A request that is not carried out: status, and a sentence that says why, and what to do."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def with_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


def refuse_other_pages(request: Request) -> None:
    """Raises Refused for a post that a page of somebody else has sent. What is no browser says nothing of this."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    origin = request.headers.get("Origin")
    foreign = origin is not None and urlsplit(origin).netloc.lower() != request.host.lower()
    if foreign or request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Refused(403, "only the workshop's own page may do this: the request came from another page")


_Message = TypeVar("_Message")


def read(request: Request, understand: Callable[[dict[str, Any]], _Message]) -> _Message:
    """What `understand`, which may raise ValueError, makes of the body, a JSON object. Raises Refused."""
    try:
        return understand(_object(request))
    except ValueError as error:
        raise Refused(400, str(error)) from None


def _object(request: Request) -> dict[str, Any]:
    # A form of another page can send text, but not this type without asking first.
    if request.mimetype != "application/json":
        raise Refused(400, "send JSON, with Content-Type: application/json")
    try:
        content = json.loads(request.get_data())
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the body is no JSON ({error}): send an object, in braces") from None
    if not isinstance(content, dict):
        raise Refused(400, "the body is JSON, but no object: send one, in braces")
    return content


def bearer_token(request: Request) -> str:
    """What stands in `Authorization: Bearer …`; empty when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def require_instructor(request: Request, secret: str) -> None:
    """Raises Refused."""
    if not hmac.compare_digest(bearer_token(request).encode(), secret.encode()):
        raise Refused(
            403, "this is for the instructor: open the secret address that `python3 lab workshop serve` has printed"
        )
