"""One run in one offline folder: all three signals as the APIs gave them, and the truth.

recording.json   format, times, and what is in the other files
metrics.jsonl    a series a line: {"labels": {…}, "samples": [[unix seconds, value], …]}, every sample as it was stored
logs.jsonl       a line a line: {"labels": {…}, "time_unix_nano": …, "line": "…"}
traces.jsonl     a trace a line: OTLP's resource spans
truth.json       what was the case, as `report` tells it
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from lab.telemetry_client import TelemetryClient, TelemetryError

FORMAT = 1

_SECONDS = 30.0
#: Of log lines, in one answer.
_PAGE = 5000
#: A search for traces looks at so much at a time, so that none of them is beyond the limit.
_SEARCH_SECONDS = 10
_MOST_TRACES = 5000


class RecordingError(RuntimeError):
    """A folder that cannot be written, or is no recording; the message says why."""


@dataclass(frozen=True)
class Recording:
    """A folder that has been written."""

    folder: Path
    start: float
    end: float
    truth: Mapping[str, Any]

    def metrics(self) -> Iterator[dict[str, Any]]:
        return self._lines("metrics.jsonl")

    def logs(self) -> Iterator[dict[str, Any]]:
        return self._lines("logs.jsonl")

    def traces(self) -> Iterator[dict[str, Any]]:
        return self._lines("traces.jsonl")

    def _lines(self, name: str) -> Iterator[dict[str, Any]]:
        try:
            with (self.folder / name).open(encoding="utf-8") as file:
                for line in file:
                    yield json.loads(line)
        except (OSError, ValueError) as error:
            raise RecordingError(f"{self.folder / name} cannot be read: {error}") from None


def record(client: TelemetryClient, folder: Path, start: float, end: float, truth: Mapping[str, Any]) -> Recording:
    """Everything between two moments (unix seconds). Raises RecordingError, TelemetryError."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise RecordingError(f"{folder} exists already; name a folder that does not") from None
    except OSError as error:
        raise RecordingError(f"{folder} cannot be made: {error.strerror}") from None
    with _whole_or_not_at_all(folder):
        counts = {
            "metrics.jsonl": _write(folder / "metrics.jsonl", all_series(client, start, end)),
            "logs.jsonl": _write(folder / "logs.jsonl", all_lines(client, start, end)),
            "traces.jsonl": _write(folder / "traces.jsonl", all_traces(client, start, end)),
        }
        _write_json(folder / "truth.json", truth)
        # Last: a folder without it is half of a recording.
        _write_json(folder / "recording.json", {"format": FORMAT, "start": start, "end": end, "lines": counts})
    return Recording(folder, start, end, truth)


@contextmanager
def _whole_or_not_at_all(folder: Path) -> Iterator[None]:
    """After an error or Ctrl-C nothing stays that would be in the way of the next attempt."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def read_recording(folder: Path) -> Recording:
    """Raises RecordingError."""
    try:
        about = json.loads((folder / "recording.json").read_text(encoding="utf-8"))
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        if about["format"] != FORMAT:
            raise RecordingError(f"{folder} has format {about['format']}; this lab reads format {FORMAT}")
        return Recording(folder, float(about["start"]), float(about["end"]), truth)
    except FileNotFoundError as error:
        raise RecordingError(f"{folder} is no recording: there is no {Path(error.filename).name}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordingError(f"{folder} is no recording that can be read: {error!r}") from None


def all_series(client: TelemetryClient, start: float, end: float) -> Iterator[dict[str, Any]]:
    """Every series with its samples; one metric name at a time, so that no answer is too large."""
    names = _get(client.prometheus_url + "/api/v1/label/__name__/values", {"start": start, "end": end})["data"]
    for name in names:
        query = f'{{__name__="{name}"}}[{max(int(end - start), 1)}s]'
        content = _get(client.prometheus_url + "/api/v1/query", {"query": query, "time": end})
        for series in content["data"]["result"]:
            yield {"labels": series["metric"], "samples": [[float(at), value] for at, value in series["values"]]}


def all_lines(client: TelemetryClient, start: float, end: float) -> Iterator[dict[str, Any]]:
    """Every log line, in order of time."""
    begin, last = int(start * 1e9), int(end * 1e9)
    known: set[tuple[int, str, str]] = set()
    while begin < last:
        page = client.logs('{service=~".+"}', begin, last, limit=_PAGE)
        new = [one for one in page if (one.time_unix_nano, str(one.labels), one.line) not in known]
        for one in new:
            yield {"labels": dict(one.labels), "time_unix_nano": one.time_unix_nano, "line": one.line}
        if len(page) < _PAGE:
            return
        # Several lines may have the time at which a page ends: the next begins with that.
        begin = page[-1].time_unix_nano
        known = {(one.time_unix_nano, str(one.labels), one.line) for one in page if one.time_unix_nano == begin}
        if not new:
            raise TelemetryError(f"more than {_PAGE} log lines have the same time, {begin}")


def all_traces(client: TelemetryClient, start: float, end: float) -> Iterator[dict[str, Any]]:
    """Every trace that began in the time, whole."""
    seen: set[str] = set()
    moment = int(start)
    while moment < end:
        upto = moment + _SEARCH_SECONDS
        some = client.search_traces(q="{}", start=moment, end=upto, limit=_MOST_TRACES, spss=1)
        for found in sorted(some, key=lambda one: int(one.get("startTimeUnixNano", 0))):
            if found["traceID"] not in seen:
                seen.add(found["traceID"])
                content = _get(f"{client.tempo_url}/api/traces/{found['traceID']}", {})
                trace = content.get("trace") or content
                spans = trace.get("resourceSpans") or trace.get("batches") or []
                yield {"trace_id": found["traceID"], "resourceSpans": spans}
        moment = upto


def _get(url: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(url, params=dict(parameters), timeout=_SECONDS, headers={"Accept": "application/json"})
            answer.raise_for_status()
            content = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise TelemetryError(f"{url}: {error}") from None
    if not isinstance(content, dict):
        raise TelemetryError(f"{url} answers with something else than an object")
    return content


def _write(path: Path, lines: Iterable[Mapping[str, Any]]) -> int:
    count = 0
    try:
        with path.open("w", encoding="utf-8") as file:
            for line in lines:
                file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
                count += 1
    except OSError as error:
        raise RecordingError(f"{path} cannot be written: {error.strerror}") from None
    return count


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
