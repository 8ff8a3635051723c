"""Who is here now: distinct visitors of the last seconds, real and simulated.

A visitor is known by a cookie that says nothing about anybody. One who has not sent it yet (a first visit, or a client
that keeps no cookies) is known by address and user agent for the time being.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import orjson
from flask import Flask, Response, g, request

COOKIE = "visitor"
_COOKIE_VALUE = re.compile(r"[0-9a-f]{32}", re.ASCII)
_COOKIE_SECONDS = 24 * 3600
#: Without cookies, what one client can make up is without number; memory is not.
_MAX_VISITORS = 10_000


class Gauge(Protocol):
    """The part of a gauge this module needs."""

    def set(self, value: float) -> None: ...


def new_visitor() -> str:
    """A fresh cookie value: 32 random hex digits."""
    return secrets.token_hex(16)


class Visitors:
    """Distinct visitors of the last `window_seconds`. Safe to use from several threads."""

    def __init__(
        self,
        active: Gauge,
        *,
        window_seconds: float = 30.0,
        max_visitors: int = _MAX_VISITORS,
        clock: Callable[[], float] = time.monotonic,
        siblings: Siblings | None = None,
    ) -> None:
        self._siblings = siblings
        self._active = active
        self._window_seconds = window_seconds
        self._max_visitors = max_visitors
        self._clock = clock
        #: visitor -> when last seen, the longest absent first
        self._last_seen: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def seen(self, visitor: str, *, formerly: str | None = None) -> None:
        """Somebody made a request. `formerly` is how a newcomer was known before; the two must not count twice."""
        with self._lock:
            if formerly is not None and visitor not in self._last_seen:
                self._last_seen.pop(formerly, None)
            self._last_seen[visitor] = self._clock()
            self._last_seen.move_to_end(visitor)
            if len(self._last_seen) > self._max_visitors:
                self._last_seen.popitem(last=False)
        if self._siblings is None:
            self.refresh()

    def refresh(self) -> None:
        """Forget who has been away for too long, and tell the gauge."""
        with self._lock:
            gone_before = self._clock() - self._window_seconds
            while self._last_seen and next(iter(self._last_seen.values())) <= gone_before:
                self._last_seen.popitem(last=False)
            here = dict(self._last_seen)
        if self._siblings is not None:
            elsewhere = self._siblings.exchange(here)
            here.update((visitor, seen) for visitor, seen in elsewhere.items() if seen > gone_before)
        self._active.set(len(here))

    def refresh_forever(self, interval_seconds: float = 1.0) -> None:
        """Refresh from a background thread, so that the gauge falls when nobody comes."""

        def run() -> None:
            while True:
                time.sleep(interval_seconds)
                self.refresh()

        threading.Thread(target=run, name="visitors", daemon=True).start()


class Siblings:
    """The other worker processes of this service: they tell each other whom they saw through files in `directory`.

    Times are those of `time.monotonic`, which all processes of a machine share.
    """

    def __init__(self, directory: Path, process: int | None = None) -> None:
        self._directory = directory
        self._own = directory / f"visitors-{os.getpid() if process is None else process}.json"

    def exchange(self, own: Mapping[str, float]) -> dict[str, float]:
        """Tell whom this process saw, and learn whom the others saw. A file that cannot be read says nothing."""
        written = self._own.with_suffix(".new")
        others: dict[str, float] = {}
        try:
            written.write_bytes(orjson.dumps(own))
            # Readers find the old file or the new one, never half of one.
            written.replace(self._own)
            for file in self._directory.glob("visitors-*.json"):
                if file != self._own:
                    others.update(orjson.loads(file.read_bytes()))
        except (OSError, ValueError):
            # The directory goes when the service ends.
            pass
        return others


def follow_visitors(app: Flask, visitors: Visitors) -> None:
    """Note the visitor of every request, and give the cookie to whoever has none."""

    @app.before_request
    def note_visitor() -> None:
        without_cookie = _address_and_agent()
        cookie = request.cookies.get(COOKIE, "")
        g.needs_cookie = not _COOKIE_VALUE.fullmatch(cookie)
        if g.needs_cookie:
            visitors.seen(without_cookie)
        else:
            visitors.seen(cookie, formerly=without_cookie)

    @app.after_request
    def give_cookie(response: Response) -> Response:
        if g.get("needs_cookie"):
            response.set_cookie(COOKIE, new_visitor(), max_age=_COOKIE_SECONDS, httponly=True, samesite="Lax")
        return response


def _address_and_agent() -> str:
    text = f"{request.remote_addr} {request.headers.get('User-Agent', '')}"
    return hashlib.blake2s(text.encode("utf-8", "replace"), digest_size=16).hexdigest() + "-"
