"""Loads a recording into a running lab's store, moved in time so that it has just ended.

Metrics come by remote write and have `instance="recording"`, because the series of the services that run here are
others; log lines by Loki's push; traces by OTLP.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

import requests

from lab.incidents import remote_write
from lab.incidents.recording import Recording, RecordingError
from lab.telemetry_client import hex_id

#: What is older than 30 s when it arrives adds nothing to the metrics made of spans, which the recording has already.
SETTLED_SECONDS = 40.0

#: The recorded services are not those that run here.
_INSTANCE = "recording"

_BATCH = 200
_SECONDS = 60.0

T = TypeVar("T")


@dataclass(frozen=True)
class Replayed:
    """Where the recording stands now, in unix seconds, and how much of it there is."""

    start: float
    end: float
    series: int
    lines: int
    traces: int


def replay(recording: Recording, backends: Mapping[str, str], now: float | None = None) -> Replayed:
    """Raises RecordingError when it cannot be read, before anything is loaded, or the store does not take it."""
    for lines in (recording.metrics(), recording.logs(), recording.traces()):
        for _ in lines:
            pass
    shift = (time.time() if now is None else now) - SETTLED_SECONDS - recording.end
    with requests.Session() as session:
        session.trust_env = False
        _require_none_there(session, backends["prometheus"], recording.start + shift, recording.end + shift)
        try:
            counts = (
                _metrics(session, backends["prometheus"], recording, shift),
                _logs(session, backends["loki"], recording, shift),
                _traces(session, backends["otlp_http"], recording, shift),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RecordingError(
                f"{recording.folder} has something else in it than `record` writes: {error!r}"
            ) from None
    return Replayed(recording.start + shift, recording.end + shift, *counts)


def _require_none_there(session: requests.Session, url: str, start: float, end: float) -> None:
    """Two recordings of the same time would be one with wrong counts: not every store refuses the second."""
    query = f'count(last_over_time({{instance="{_INSTANCE}"}}[{max(math.ceil(end - start), 1)}s]))'
    try:
        answer = session.get(url + "/api/v1/query", params={"query": query, "time": f"{end:.3f}"}, timeout=_SECONDS)
        answer.raise_for_status()
        found = answer.json()["data"]["result"]
    except (requests.RequestException, ValueError, KeyError) as error:
        raise RecordingError(f"{url} does not say what it has: {error}") from None
    if found:
        raise RecordingError(
            "a recording that was loaded before lies in this time already. "
            "Load this one into a new lab: python3 lab down, then python3 lab up --no-traffic"
        )


def _metrics(session: requests.Session, url: str, recording: Recording, shift: float) -> int:
    count = 0
    for some in _batches(recording.metrics()):
        body = remote_write.encode(
            (
                {**series["labels"], "instance": _INSTANCE},
                [(round((at + shift) * 1000), float(value)) for at, value in series["samples"]],
            )
            for series in some
        )
        _post(session, url + "/api/v1/write", remote_write.in_snappy(body), "application/x-protobuf", encoding="snappy")
        count += len(some)
    return count


def _logs(session: requests.Session, url: str, recording: Recording, shift: float) -> int:
    count = 0
    nanoseconds = round(shift * 1e9)
    for some in _batches(recording.logs()):
        streams: dict[str, dict[str, Any]] = {}
        for one in some:
            stream = streams.setdefault(
                json.dumps(one["labels"], sort_keys=True), {"stream": one["labels"], "values": []}
            )
            stream["values"].append([str(one["time_unix_nano"] + nanoseconds), _moved_line(one["line"], shift)])
        body = json.dumps({"streams": list(streams.values())}, ensure_ascii=False).encode()
        _post(session, url + "/loki/api/v1/push", body, "application/json")
        count += len(some)
    return count


def _moved_line(line: str, shift: float) -> str:
    """Our lines say when they were written; what is not of that form stays as it is."""
    try:
        content = json.loads(line)
        moment = datetime.strptime(content["timestamp"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except (ValueError, KeyError, TypeError):
        return line
    content["timestamp"] = f"{moment + timedelta(seconds=shift):%Y-%m-%dT%H:%M:%S.%f}Z"
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _traces(session: requests.Session, url: str, recording: Recording, shift: float) -> int:
    count = 0
    nanoseconds = round(shift * 1e9)
    for some in _batches(recording.traces()):
        spans = [_moved_spans(batch, nanoseconds) for trace in some for batch in trace["resourceSpans"]]
        _post(session, url + "/v1/traces", json.dumps({"resourceSpans": spans}).encode(), "application/json")
        count += len(some)
    return count


def _moved_spans(content: Any, nanoseconds: int, key: str = "") -> Any:
    """Every time in it moved, and every id in hex, wherever they stand."""
    if isinstance(content, dict):
        return {name: _moved_spans(value, nanoseconds, name) for name, value in content.items()}
    if isinstance(content, list):
        return [_moved_spans(value, nanoseconds) for value in content]
    if key in ("startTimeUnixNano", "endTimeUnixNano", "timeUnixNano"):
        return str(int(content) + nanoseconds)
    if key in ("traceId", "spanId", "parentSpanId"):
        # Tempo answers with protobuf's own JSON, and takes OTLP's.
        return hex_id(content)
    return content


def _post(session: requests.Session, url: str, body: bytes, kind: str, encoding: str | None = None) -> None:
    headers = {"Content-Type": kind, **({"Content-Encoding": encoding} if encoding else {})}
    try:
        answer = session.post(url, data=body, headers=headers, timeout=_SECONDS)
    except requests.RequestException as error:
        raise RecordingError(f"{url} cannot be reached: {error}") from None
    if not answer.ok:
        raise RecordingError(f"{url} does not take the recording: {answer.status_code} {answer.text.strip()[:300]}")


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while some := list(islice(iterator, _BATCH)):
        yield some
