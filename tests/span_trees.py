"""Trees of spans written down as text, and whether a trace holds one.

    client-gateway: POST /v1/order
      order-manager: POST /order
        redis: PUBLISH order_created

A line is `label: name`. The label is the service for what a service does itself, and for work on behalf of a library
(SQL, Redis, tokens, the order book) its instrumentation scope. What stands deeper happens inside, at whatever depth;
of lines at the same depth the later one begins later, but for one with `~` before it: those who hear of one event do
not wait for each other. A trace may hold more than what is written.

    wallet-service: GET /balance/{user_id} @ GET /balance/<user_id> 404

After `@` stands which request it is that the span answers: method, route and status.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.telemetry_client import attributes_of, hex_id

#: Scopes that stand for themselves; with any other the label is the service.
_SCOPES = frozenset(("postgresql", "redis", "jwt", "orderbook"))
#: Calls to others are said by what the others do.
_CALLING_KINDS = ("SPAN_KIND_CLIENT", 3)


@dataclass(frozen=True)
class SeenSpan:
    """A span of a trace, as far as trees go."""

    id: str
    parent_id: str
    label: str
    name: str
    started: int
    #: Of a server's span: method, route, status.
    request: str = ""


@dataclass
class Node:
    """A line and those inside it."""

    label: str
    name: str
    #: "" = any, or none.
    request: str = ""
    #: It begins whenever it likes.
    at_any_time: bool = False
    inside: list[Node] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.label}: {self.name}" + (f" @ {self.request}" if self.request else "")

    def fits(self, span: SeenSpan) -> bool:
        """Whether the span is what is written, whatever is inside it."""
        return (span.label, span.name) == (self.label, self.name) and self.request in ("", span.request)


def read_tree(text: str) -> Node:
    """The tree; it has one root."""
    path: list[Node] = []
    for line in text.splitlines():
        depth, label_and_name = (len(line) - len(line.lstrip())) // 2, line.strip()
        label, _, name_and_request = label_and_name.removeprefix("~ ").partition(": ")
        name, _, request = name_and_request.partition(" @ ")
        node = Node(label, name, request, at_any_time=label_and_name.startswith("~ "))
        del path[depth:]
        if path:
            path[-1].inside.append(node)
        path.append(node)
    return path[0]


def read_trace(content: Mapping[str, Any]) -> list[SeenSpan]:
    """The spans of what Tempo answers with."""
    seen = []
    for batch in content["batches"]:
        service = str(attributes_of(batch["resource"]["attributes"])["service.name"])
        for scope in batch["scopeSpans"]:
            name = scope["scope"]["name"]
            for span in scope["spans"]:
                calls = name not in _SCOPES and span.get("kind") in _CALLING_KINDS
                seen.append(
                    SeenSpan(
                        hex_id(span["spanId"]),
                        hex_id(span.get("parentSpanId") or ""),
                        "" if calls else name if name in _SCOPES else service,
                        span["name"],
                        int(span["startTimeUnixNano"]),
                        _request_of(attributes_of(span.get("attributes", []))),
                    )
                )
    return seen


def _request_of(attributes: Mapping[str, Any]) -> str:
    """Of whoever answers one: callers do not know the route."""
    if "http.route" not in attributes:
        return ""
    return " ".join(str(attributes[f"http.{name}"]) for name in ("request.method", "route", "response.status_code"))


def missing(tree: Node, spans: Sequence[SeenSpan]) -> list[str]:
    """The lines for which there is no place, with those that they stand in; [] when the trace holds the tree."""
    return _missing(tree, spans, _inside(spans), within=None)


def _missing(node: Node, spans: Sequence[SeenSpan], inside: Mapping[str, set[str]], within: str | None) -> list[str]:
    best: list[str] | None = None
    for span in spans:
        if node.fits(span) and (within is None or span.id in inside[within]):
            lacking = _missing_inside(node.inside, spans, inside, span.id, after=0)
            if not lacking:
                return []
            if best is None or len(lacking) < len(best):
                best = lacking
    return [str(node)] if best is None else [f"{node} > {line}" for line in best]


def _missing_inside(
    nodes: Sequence[Node], spans: Sequence[SeenSpan], inside: Mapping[str, set[str]], within: str, after: int
) -> list[str]:
    """One sibling after the other, each at its first fitting span: whatever comes later then has the most room."""
    lacking: list[str] = []
    for node in nodes:
        earliest = 0 if node.at_any_time else after
        later = sorted(
            (span for span in spans if span.started >= earliest and span.id in inside[within]),
            key=lambda span: span.started,
        )
        for span in later:
            if node.fits(span) and not _missing_inside(node.inside, spans, inside, span.id, after=0):
                after = after if node.at_any_time else span.started
                break
        else:
            lacking += _missing(node, later, inside, within) or [f"{node} (in its place)"]
    return lacking


def _inside(spans: Sequence[SeenSpan]) -> dict[str, set[str]]:
    """Span -> everything below it."""
    parents = {span.id: span.parent_id for span in spans}
    inside: dict[str, set[str]] = {span.id: set() for span in spans}
    for span in spans:
        above = span.parent_id
        while above in inside:
            inside[above].add(span.id)
            above = parents[above]
    return inside
