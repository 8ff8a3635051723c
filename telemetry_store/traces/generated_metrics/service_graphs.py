"""Who calls whom: pairs the two spans of a call into an edge between services. Source: Tempo's service graphs.

A client's span (or a producer's) and the server's span (or a consumer's) that has it as parent make an edge. When the
counterpart does not come within ten seconds, a span makes one with a virtual node, where something tells of it: a
server's span without a parent was called by the `user`, a client's span with the name of its peer called that.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from .arriving_spans import CLIENT, CONSUMER, ERROR, PRODUCER, SERVER, ArrivingSpan
from .registry import Counter, Histogram, Registry, labels_of

#: Upper bounds of the latencies' buckets in seconds, unless others are chosen (Tempo's default).
LATENCY_BOUNDS = tuple(0.1 * 2**power for power in range(8))

#: Seconds that a span waits for its counterpart, and spans that may wait.
WAIT_SECONDS = 10
MAX_WAITING = 10_000

_PEER_ATTRIBUTES = ("peer.service", "db.name", "db.system")
_DATABASE_ATTRIBUTES = ("db.namespace", "db.name", "db.system")

#: Edges whose series are remembered.
_REMEMBERED = 50_000


@dataclass(slots=True)
class _Edge:
    """A call of which one side or both are known."""

    expires: int
    trace_id: str = ""
    connection: str = ""
    client: str = ""
    server: str = ""
    client_seconds: float = 0.0
    server_seconds: float = 0.0
    failed: bool = False
    peer: str = ""


@dataclass(eq=False, slots=True)
class _Series:
    total: Counter
    server: Histogram
    client: Histogram


class ServiceGraphs:
    """Feeds the service graph's metrics of a registry."""

    def __init__(self, registry: Registry, bounds: Sequence[float] = LATENCY_BOUNDS) -> None:
        #: Spans that found no place, edges made, and edges given up for want of a counterpart.
        self.dropped_spans = self.edges = self.expired_edges = 0
        self._registry = registry
        self._bounds = (*bounds, math.inf)
        self._waiting: OrderedDict[tuple[bytes, bytes], _Edge] = OrderedDict()
        self._known: dict[tuple[str, str, str], _Series | None] = {}

    def take(self, span: ArrivingSpan, now: float) -> None:
        """Looks for the span's counterpart, or lets it wait for one."""
        kind = span.row[4]
        if span.service is None or not SERVER <= kind <= CONSUMER:
            return
        is_client = kind in (CLIENT, PRODUCER)
        key = (span.row[0], span.row[1] if is_client else span.row[2])
        edge = self._waiting.get(key)
        known = edge is not None
        if edge is None:
            edge = _Edge(int(now + WAIT_SECONDS))
        self._update(edge, span, is_client)
        if edge.client and edge.server:
            self._complete(edge, now)
            if known:
                del self._waiting[key]
            else:
                self.edges += 1
        elif not known:
            if len(self._waiting) >= MAX_WAITING:
                self.dropped_spans += 1
            else:
                self._waiting[key] = edge
                self.edges += 1

    def _update(self, edge: _Edge, span: ArrivingSpan, is_client: bool) -> None:
        kind, status = span.row[4], span.row[5]
        edge.trace_id = span.trace_id
        edge.connection = "messaging_system" if kind in (PRODUCER, CONSUMER) else ""
        edge.failed = edge.failed or status == ERROR
        if is_client:
            edge.client, edge.client_seconds = span.service or "", span.seconds
        else:
            edge.server, edge.server_seconds = span.service or "", span.seconds
        peer = next((text for name in _PEER_ATTRIBUTES if (text := span.own(name)) is not None), None)
        if peer is not None:
            edge.peer = peer
        if is_client:
            _name_database(edge, span)

    def expire(self, now: float) -> None:
        """Ends the waiting of spans whose time is over."""
        while self._waiting:
            key, edge = next(iter(self._waiting.items()))
            if now < edge.expires:
                break
            del self._waiting[key]
            edge.connection = "virtual_node"
            if not edge.client and not key[1]:
                edge.client = edge.peer or "user"
            elif edge.client and not edge.server and edge.peer:
                edge.server = edge.peer
            else:
                self.expired_edges += 1
                continue
            self._complete(edge, now)

    def _complete(self, edge: _Edge, now: float) -> None:
        key = (edge.client, edge.server, edge.connection)
        try:
            series = self._known[key]
        except KeyError:
            series = self._series(key, now)
        if series is None:
            return
        series.total.add(1, now)
        if edge.failed:
            labels = labels_of(_labels(key))
            if labels is not None:
                self._registry.counter("traces_service_graph_request_failed_total", labels, now).add(1, now)
        series.server.observe(edge.server_seconds, edge.trace_id, now)
        series.client.observe(edge.client_seconds, edge.trace_id, now)

    def _series(self, key: tuple[str, str, str], now: float) -> _Series | None:
        labels = labels_of(_labels(key))
        series = None
        if labels is not None:
            prefix = "traces_service_graph_request"
            series = _Series(
                self._registry.counter(f"{prefix}_total", labels, now),
                self._registry.histogram(f"{prefix}_server_seconds", labels, self._bounds, now),
                self._registry.histogram(f"{prefix}_client_seconds", labels, self._bounds, now),
            )
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = series
        return series

    def forget(self) -> None:
        """Looks every series up again: some have ended."""
        self._known.clear()


def _labels(key: tuple[str, str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(zip(("client", "server", "connection_type"), key, strict=True))


def _name_database(edge: _Edge, span: ArrivingSpan) -> None:
    """Makes the edge complete when the client called a database, which sends no spans itself."""
    name = next((text for attribute in _DATABASE_ATTRIBUTES if (text := span.find(attribute)) is not None), None)
    if name is None:
        return
    edge.connection = "database"
    edge.server_seconds = span.seconds
    for attribute in ("peer.service", "server.address"):
        text = span.find(attribute)
        if text is not None:
            edge.server = text
            return
    host, port = span.find("network.peer.address"), span.find("network.peer.port")
    if host is not None:
        edge.server = host if port is None else f"{host}:{port}"
    elif name:
        edge.server = name
