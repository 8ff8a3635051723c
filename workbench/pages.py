"""The pages: one HTML shell for all of them, and the files of `static/` that it loads.

Files are read into memory once, and stand under a hash of all their contents: a browser may keep them for ever, and a
page never gets modules of two versions. Which modules a page needs is read from their own import statements, so that a
browser fetches all of them at once and not one generation after the other.
"""

from __future__ import annotations

import contextlib
import hashlib
import html
import json
import math
import os
import posixpath
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

DIRECTORY = Path(__file__).parent / "static"
SHELL = Path(__file__).parent / "shell.html"

#: Address -> the module of static/pages/ that shows it. The router in static/shell/ has the same addresses.
PAGES: Mapping[str, str] = {
    "/": "now",
    "/dashboards": "dashboards",
    "/dashboards/{uid}": "dashboard",
    "/explore": "explore",
    "/trace": "trace",
    "/trace/{id}": "trace",
    "/logs": "logs",
    "/map": "map",
    "/exercises": "exercises",
    "/exercises/{name}": "exercise",
    "/faults": "faults",
}

_START = "app.js"
_FIRST_STYLE = "theme.css"
_ICON = "favicon.svg"

_MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
}

#: `import x from "./y.js"`, `import "./y.js"`, `export {x} from "./y.js"`; not `import("./y.js")`, which is for later.
_IMPORT = re.compile(r"""^\s*(?:import|export)\b(?:[^"';()]*?\bfrom)?\s*["'](\.{1,2}/[^"']+)["']""", re.MULTILINE)

_UNCHANGING = "public, max-age=31536000, immutable"

#: So old may be what is known of the files: a scan of all of them is most of what a page would cost the server.
_FRESH_SECONDS = 1.0


@dataclass(frozen=True)
class StaticFiles:
    """The files of one moment."""

    #: Of all paths and contents.
    content_hash: str
    #: Path relative to the directory, with slashes -> content.
    files: Mapping[str, bytes]

    @classmethod
    def read(cls, directory: Path) -> StaticFiles:
        """Every file of a known kind below the directory."""
        files = {name: directory.joinpath(name).read_bytes() for name, _, _ in _seen_in(directory)}
        digest = hashlib.sha256()
        for name, content in files.items():
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
        return cls(digest.hexdigest()[:16], files)

    def address(self, name: str) -> str:
        return f"/static/{self.content_hash}/{name}"

    def styles(self) -> list[str]:
        """Names of all style sheets; the theme, which the others build on, first."""
        return sorted(
            (name for name in self.files if name.endswith(".css")), key=lambda name: (name != _FIRST_STYLE, name)
        )

    def modules(self, page: str) -> list[str]:
        """Names of the modules that a page needs before it can show something: the start, the page, all they import."""
        found: list[str] = []
        waiting = [_START, f"pages/{page}.js"]
        while waiting:
            name = waiting.pop(0)
            if name in found or name not in self.files:
                continue
            found.append(name)
            waiting += self._imports.get(name, [])
        return found

    @cached_property
    def _imports(self) -> dict[str, list[str]]:
        """Module -> what it imports: the same for every page, and as long as no file changes."""
        return {
            name: [
                posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
                for path in _IMPORT.findall(content.decode())
            ]
            for name, content in self.files.items()
            if name.endswith(".js")
        }


class Pages:
    """Answers for pages and their files."""

    def __init__(
        self,
        describe: Callable[[Request], Mapping[str, Any]],
        directory: Path = DIRECTORY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`describe` says what the lab is to whoever asks; it goes into each page, which need not ask then."""
        self._describe = describe
        self._directory = directory
        self._clock = clock
        self._looked_at = -math.inf
        self._seen: list[tuple[str, int, int]] = []
        self._files = StaticFiles("", {})
        self.static()

    def routes(self) -> list[BaseRoute]:
        return [
            *(Route(address, self._page_of(page), name=f"page {page}") for address, page in PAGES.items()),
            Route("/static/{hash}/{name:path}", self._file),
            Route("/favicon.ico", self._icon),
        ]

    def not_found(self, request: Request) -> Response:
        """The page that says so, with the way to all others."""
        return self._answer(request, "not_found", 404)

    def _page_of(self, page: str) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            return self._answer(request, page, 200)

        return answer

    def _answer(self, request: Request, page: str, status: int) -> Response:
        static = self.static()
        text = shell(static, page, self._describe(request))
        # Its links name the files of today.
        return HTMLResponse(text, status, {"Cache-Control": "no-store"})

    async def _file(self, request: Request) -> Response:
        static = self._files
        name = request.path_params["name"]
        content = static.files.get(name)
        if content is None:
            return PlainTextResponse(f"there is no file {name}\n", 404, {"Cache-Control": "no-store"})
        # A page from before a change may still be open: it gets today's file, but does not keep it.
        current = request.path_params["hash"] == static.content_hash
        return Response(
            content,
            media_type=_MEDIA_TYPES[posixpath.splitext(name)[1]],
            headers={"Cache-Control": _UNCHANGING if current else "no-store"},
        )

    async def _icon(self, request: Request) -> Response:
        content = self._files.files.get(_ICON)
        if content is None:
            return Response(status_code=404)
        return Response(content, media_type=_MEDIA_TYPES[".svg"])

    def static(self) -> StaticFiles:
        """The files as they are now, give or take a second: somebody may be working on them."""
        if self._clock() - self._looked_at < _FRESH_SECONDS:
            return self._files
        with contextlib.suppress(FileNotFoundError):  # between two steps of an editor
            seen = _seen_in(self._directory)
            if seen != self._seen:
                self._files = StaticFiles.read(self._directory)
                self._seen = seen
            self._looked_at = self._clock()
        return self._files


def shell(static: StaticFiles, page: str, lab: Mapping[str, Any]) -> str:
    """The HTML of a page, with all that its files are."""
    links = [f'<link rel="stylesheet" href="{static.address(name)}">' for name in static.styles()]
    links += [f'<link rel="modulepreload" href="{static.address(name)}">' for name in static.modules(page)]
    values = {
        "page": html.escape(page),
        "links": "\n".join(links),
        "static": f"/static/{static.content_hash}",
        "lab": as_script(lab),
    }
    text = SHELL.read_text(encoding="utf-8")
    # All at once: what is put in is never looked through again.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: values[place[1]], text)


def as_script(value: Any) -> str:
    """JSON that may stand inside a <script> element, whatever its strings are."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _seen_in(directory: Path) -> list[tuple[str, int, int]]:
    """Name, time of the last change and size of every file of a known kind below the directory, sorted."""
    return sorted(_walk(directory, ""))


def _walk(directory: str | Path, prefix: str) -> Iterator[tuple[str, int, int]]:
    # A fifth of the time that Path.rglob and a stat of each file take: a scan knows what kind each entry is.
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _walk(entry.path, f"{prefix}{entry.name}/")
            elif posixpath.splitext(entry.name)[1] in _MEDIA_TYPES and entry.is_file():
                stat = entry.stat()
                yield f"{prefix}{entry.name}", stat.st_mtime_ns, stat.st_size
