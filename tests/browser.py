"""Chromium for tests: the program, pages that must not complain, and the workbench's modules called one by one."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import psutil
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, sync_playwright

from lab.paths import REPOSITORY
from tests.machine import free_port, program

#: Root may not use the sandbox, and a container seldom has a GPU or wants to talk to Google.
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]

#: A page with the workbench's origin, policy and styles on which its app does not start.
BLANK = "/blank-for-tests"

_START = re.compile(r'<script type="module" src="(/static/[0-9a-f]+)/app\.js"></script>')
_PRELOADS = re.compile(r'<link rel="modulepreload"[^>]*>\s*')

#: Answers of a module as JSON: typed arrays, maps and sets as lists, what JSON cannot say as text.
_AS_JSON = """
const asJson = (value) => {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "bigint") return String(value);
  if (value instanceof Map) return [...value].map(asJson);
  if (value instanceof Set || ArrayBuffer.isView(value)) return [...value].map(asJson);
  if (Array.isArray(value)) return value.map(asJson);
  if (value instanceof Element) return value.outerHTML;
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, asJson(each)]));
  }
  return value === undefined ? null : value;
};
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser. Where there is none the test is skipped, and fails in CI.

    While it lives, the thread has a running event loop: `asyncio.run` needs another thread."""
    path = program("chromium", "google-chrome", package="chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What a page complained about: errors and warnings of the console, uncaught errors, requests that failed."""

    complaints: list[str] = field(default_factory=list)
    _allowed: list[re.Pattern[str]] = field(default_factory=list)

    def allow(self, *patterns: str) -> None:
        """Complaints in which one of these regular expressions is found are meant."""
        self._allowed += [re.compile(pattern) for pattern in patterns]

    def unexpected(self) -> list[str]:
        return [text for text in self.complaints if not any(pattern.search(text) for pattern in self._allowed)]

    def over(self, page: Page) -> None:
        """Begins to watch a page. A refused style or script is an error of the console, too."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _console(self, message: ConsoleMessage) -> None:
        # A failed request is noted with its address, below.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(f"console {message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        # Given up by the page itself: it was left, or asks something newer.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"request: {request.failure} {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"request: {response.status} {response.url}")


@contextmanager
def watched_page(browser: Browser, **options: Any) -> Iterator[tuple[Page, Watch]]:
    """A page in a context of its own (`options` are the context's); ends with an AssertionError if it complained."""
    context: BrowserContext = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    page = context.new_page()
    watch = Watch()
    watch.over(page)
    try:
        yield page, watch
    finally:
        context.close()
    assert watch.unexpected() == []


@contextmanager
def running_workbench(environment: Mapping[str, str]) -> Iterator[str]:
    """`python -m workbench` on a free port with these WORKBENCH_ variables; its address."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench"],
        cwd=REPOSITORY,
        env={**os.environ, "WORKBENCH_PORT": str(port), **environment},
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 20
        while not _answers(f"{origin}/ready"):
            assert process.poll() is None, "the workbench ended at its start"
            assert time.monotonic() < deadline, "the workbench is not ready after 20 s"
            time.sleep(0.05)
        yield origin
    finally:
        process.terminate()
        process.wait(timeout=10)


def workbench_process(origin: str) -> psutil.Process:
    """The process of `running_workbench` at this address: others of the session may run beside it."""
    port = urlsplit(origin).port
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if any(
                connection.laddr.port == port for connection in child.net_connections() if connection.status == "LISTEN"
            ):
                return child
    raise AssertionError(f"nobody listens at {origin}")


def open_blank(page: Page, origin: str) -> str:
    """Opens BLANK, with the body of a real page and the real policy. The address of the static files."""
    page.unroute(f"{origin}{BLANK}")
    with urllib.request.urlopen(f"{origin}/") as answer:
        headers = dict(answer.headers.items())
        text = answer.read().decode()
    found = _START.search(text)
    assert found is not None, "the page does not start app.js"
    body = _PRELOADS.sub("", _START.sub("", text))
    kept = {name: value for name, value in headers.items() if name.lower() != "content-length"}
    page.route(f"{origin}{BLANK}", lambda route: route.fulfill(status=200, headers=kept, body=body))
    page.goto(f"{origin}{BLANK}")
    return found[1]


@dataclass
class Modules:
    """Calls functions of the workbench's JavaScript modules in the browser, under the real policy.

    module("chart/scale.js", "m => m.ticks(0, 10, 5)")
    module("format/units.js", "(m, rows) => rows.map(([v, u]) => m.formatValue(v, u))", [[1, "s"]])
    """

    page: Page
    origin: str
    _static: str = ""

    def __call__(self, path: str, expression: str, argument: Any = None) -> Any:
        """What the function answers to the module (and the argument), as JSON. NaN and infinities come as text; a
        promise is awaited; an error it throws is raised."""
        if not self._static:
            self._static = open_blank(self.page, self.origin)
        script = (
            "async ([address, argument]) => {" + _AS_JSON + "const m = await import(address);"
            f"return JSON.stringify(asJson(await ({expression})(m, JSON.parse(argument))));}}"
        )
        return json.loads(self.page.evaluate(script, [f"{self._static}/{path}", json.dumps(argument)]))

    def reset(self) -> None:
        """A new document: whatever a test left in it is gone."""
        self._static = ""


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=1):
            return True
    except OSError:
        return False
