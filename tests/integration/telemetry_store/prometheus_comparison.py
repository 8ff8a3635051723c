"""A data set, a real Prometheus that holds it, and how its answers are compared with the store's."""

from __future__ import annotations

import json
import math
import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3

from tests.machine import free_port, program

#: Begin of the data in unix seconds: a whole hour, and of no meaning.
BEGIN = 1_700_002_800
#: Length of the data in seconds.
LENGTH = 5_400

Labels = dict[str, str]
#: (unix milliseconds, value), oldest first.
Samples = list[tuple[int, float]]


def series() -> list[tuple[Labels, Samples]]:
    """What both servers hold: counters that restart, gauges with gaps, NaN and infinities, histograms, odd values."""
    chance = random.Random(42)
    return [
        *_counters(chance), *_histograms(chance), *_gauges(chance), *_irregular(chance), *_odd(), *_coming_and_going(),
    ]  # fmt: skip


def _instants(step: float, start: float = 0, end: float = LENGTH) -> list[int]:
    return [round((BEGIN + start + step * number) * 1000) for number in range(int((end - start) / step) + 1)]


def _counters(chance: random.Random) -> Iterator[tuple[Labels, Samples]]:
    for service in ("frontend", "backend", "database"):
        for instance in ("a:1", "b:2"):
            for method, code in (("GET", "200"), ("GET", "500"), ("POST", "200")):
                value, samples = float(chance.randrange(1000)), []
                for instant in _instants(15):
                    value = 0.0 if chance.random() < 0.01 else value + chance.randrange(40)
                    samples.append((instant, value))
                labels = {"service": service, "instance": instance, "method": method, "code": code}
                yield {"__name__": "http_requests_total", **labels}, samples


def _histograms(chance: random.Random) -> Iterator[tuple[Labels, Samples]]:
    bounds = ("0.01", "0.05", "0.1", "0.5", "1", "2.5", "+Inf")
    for service in ("frontend", "backend"):
        counts, total, rows = [0] * len(bounds), 0.0, []
        for instant in _instants(15):
            for _ in range(chance.randrange(20)):
                seconds = chance.expovariate(4)
                total += seconds
                counts = [n + (seconds <= float(bound)) for n, bound in zip(counts, bounds, strict=True)]
            rows.append((instant, list(counts), total))
        name = "request_seconds"
        for place, bound in enumerate(bounds):
            samples = [(instant, float(counted[place])) for instant, counted, _ in rows]
            yield {"__name__": f"{name}_bucket", "service": service, "le": bound}, samples
        yield {"__name__": f"{name}_count", "service": service}, [(t, float(n[-1])) for t, n, _ in rows]
        yield {"__name__": f"{name}_sum", "service": service}, [(t, s) for t, _, s in rows]
    # Buckets that fall, lack the infinite one, or have no number for a bound.
    for bound, value in (("1", 6.0), ("2", 5.0), ("+Inf", 10.0)):
        yield {"__name__": "lagging_bucket", "le": bound}, [(t, value) for t in _instants(60)]
    for bound, value in (("1", 6.0), ("2", 8.0), ("wide", 9.0)):
        yield {"__name__": "endless_bucket", "le": bound}, [(t, value) for t in _instants(60)]


def _gauges(chance: random.Random) -> Iterator[tuple[Labels, Samples]]:
    special = (math.nan, math.inf, -math.inf, 0.0, -0.0)
    for room in ("attic", "cellar", "küche"):
        for sensor in ("1", "2"):
            samples = []
            for number, instant in enumerate(_instants(30)):
                # Cellars lose their connection for seven minutes: longer than the look-back.
                if room == "cellar" and 80 <= number < 94:
                    continue
                value = 20 + 5 * math.sin(number / 9) + chance.gauss(0, 1)
                samples.append((instant, chance.choice(special) if chance.random() < 0.04 else value))
            yield {"__name__": "temperature_celsius", "room": room, "sensor": sensor}, samples
    for service, most in (("frontend", 100.0), ("backend", 50.0), ("cache", 10.0)):
        yield {"__name__": "request_limit", "service": service}, [(t, most) for t in _instants(60)]
    for service, team in (("frontend", "red"), ("backend", "blue"), ("database", "blue")):
        yield {"__name__": "service_info", "service": service, "team": team}, [(t, 1.0) for t in _instants(60)]
    for instance in ("a:1", "b:2"):
        yield (
            {"__name__": "up", "instance": instance, "job": "api"},
            [(t, float(chance.random() > 0.1)) for t in _instants(15)],
        )


def _irregular(chance: random.Random) -> Iterator[tuple[Labels, Samples]]:
    for queue in ("mail", "print", "video"):
        samples, instant = [], float(BEGIN)
        while instant < BEGIN + LENGTH:
            samples.append((round(instant * 1000), float(chance.randrange(-5, 30))))
            instant += chance.choice((0.5, 3, 11.123, 40, 200))
        yield {"__name__": "queue_length", "queue": queue}, samples


def _odd() -> Iterator[tuple[Labels, Samples]]:
    instants = _instants(30)
    extremes = (1e100, 1.0, -1e100, 1e-300, 5e-324, 1.7976931348623157e308, 1e21, 123456789.125, 1e-7, -0.0)
    yield {"__name__": "extreme"}, [(t, extremes[n % len(extremes)]) for n, t in enumerate(instants)]
    yield {"__name__": "flat", "kind": "whole"}, [(t, 7.0) for t in instants]
    yield {"__name__": "flat", "kind": "part"}, [(t, 0.1) for t in instants]
    yield {"__name__": "flat", "kind": "negative zero"}, [(t, -0.0) for t in instants]
    yield {"__name__": "always_nan"}, [(t, math.nan) for t in instants]
    yield (
        {"__name__": "clock_seconds", "zone": "utc"},
        [(t, t / 1000 + n * 86_400 * 9.7) for n, t in enumerate(instants)],
    )
    yield {"__name__": "clock_seconds", "zone": "early"}, [(t, -1e9 + n * 1e7) for n, t in enumerate(instants)]
    yield {"__name__": "labelled", "path": '/a"b\\c', "text": "two\nlines"}, [(t, 1.0) for t in instants]
    yield {"__name__": "first_name", "same": "labels"}, [(t, 1.0) for t in instants]
    yield {"__name__": "second_name", "same": "labels"}, [(t, 2.0) for t in instants]


def _coming_and_going() -> Iterator[tuple[Labels, Samples]]:
    for number in range(6):
        start = number * 600
        samples = [(t, float(number + place)) for place, t in enumerate(_instants(20, start, start + 1200))]
        yield {"__name__": "pod_restarts", "pod": f"pod-{number}"}, samples


def openmetrics() -> str:
    """The data as OpenMetrics text, which `promtool` makes blocks of."""
    lines = []
    for labels, samples in sorted(series(), key=lambda each: each[0]["__name__"]):
        pairs = ",".join(f"{name}={_quote(value)}" for name, value in labels.items() if name != "__name__")
        for instant, value in samples:
            shown = repr(value).replace("inf", "Inf").replace("nan", "NaN")
            lines.append(f"{labels['__name__']}{{{pairs}}} {shown} {instant / 1000:.3f}")
    return "\n".join([*lines, "# EOF\n"])


def _quote(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


@dataclass
class Prometheus:
    """A running Prometheus that holds the data."""

    url: str
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, directory: Path, port: int | None = None) -> Prometheus:
        """Makes blocks in the directory and starts on a free port of the loopback."""
        promtool = program("promtool", package="prometheus")
        text = directory / "data.openmetrics"
        text.write_text(openmetrics())
        data = directory / "blocks"
        subprocess.run(
            [promtool, "tsdb", "create-blocks-from", "openmetrics", str(text), str(data)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return cls._launch(directory, data, port)

    @classmethod
    def receiver(cls, directory: Path, port: int | None = None) -> Prometheus:
        """Starts one that takes remote write and exemplars; with what an earlier one in the directory had taken."""
        return cls._launch(
            directory, directory / "received", port,
            "--web.enable-remote-write-receiver", "--enable-feature=exemplar-storage",
        )  # fmt: skip

    @classmethod
    def _launch(cls, directory: Path, data: Path, port: int | None, *flags: str) -> Prometheus:
        configuration = directory / "prometheus.yml"
        configuration.write_text("global: {scrape_interval: 1h}\n")
        port = free_port() if port is None else port
        process = subprocess.Popen(
            [
                program("prometheus", package="prometheus"),
                f"--config.file={configuration}", f"--storage.tsdb.path={data}",
                f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=100y", "--log.level=error",
                *flags,
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        server = cls(f"http://127.0.0.1:{port}", process)
        deadline = time.monotonic() + 30
        while not server._is_ready():
            assert process.poll() is None, "prometheus ended while it started"
            assert time.monotonic() < deadline, "prometheus was not ready within 30 s"
            time.sleep(0.1)
        return server

    def _is_ready(self) -> bool:
        try:
            return urllib3.request("GET", self.url + "/-/ready", retries=False).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def stop(self) -> None:
        """Ends the process."""
        self.process.terminate()
        self.process.wait(20)


def ask(url: str, path: str, parameters: dict[str, Any]) -> tuple[int, Any]:
    """Status and JSON of an answer to a POST."""
    body = urlencode(parameters)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = urllib3.request("POST", url + path, body=body, headers=headers, timeout=60, retries=False)
    try:
        return answer.status, json.loads(answer.data)
    except ValueError:
        return answer.status, answer.data.decode(errors="replace")


def difference(ours: tuple[int, Any], theirs: tuple[int, Any], *, ordered: bool, words: bool = False) -> str | None:
    """What is not the same in two answers, or None.

    Values are the same within 1e-9 of their size. `ordered`: series have an order; `words`: errors have the same text.
    """
    (status, answer), (expected_status, expected) = ours, theirs
    if status != expected_status:
        return f"status {status} {answer if status != 200 else ''}, Prometheus: {expected_status} {_short(expected)}"
    if expected.get("status") == "error":
        if answer.get("errorType") != expected["errorType"]:
            return f"{answer}, Prometheus: {expected}"
        if words and answer["error"] != expected["error"]:
            return f"{answer['error']!r}, Prometheus: {expected['error']!r}"
        return None
    got, wanted = answer["data"], expected["data"]
    if isinstance(wanted, str):
        return None if got == wanted else f"{got!r}, Prometheus: {wanted!r}"
    if got["resultType"] != wanted["resultType"]:
        return f"{got['resultType']}, Prometheus: {wanted['resultType']}"
    if wanted["resultType"] in ("scalar", "string"):
        return None if _points_alike([got["result"]], [wanted["result"]]) else f"{got}, Prometheus: {wanted}"
    return _series_difference(got["result"], wanted["result"], ordered)


def _series_difference(got: list[Any], wanted: list[Any], ordered: bool) -> str | None:
    names, expected = [_key(row) for row in got], [_key(row) for row in wanted]
    if sorted(names) != sorted(expected):
        only, missing = set(names) - set(expected), set(expected) - set(names)
        return f"{len(names)} series, not {len(expected)}; only here {sorted(only)[:3]}, missing {sorted(missing)[:3]}"
    if ordered and names != expected:
        return f"order {names[:5]}, Prometheus: {expected[:5]}"
    by_name = dict(zip(expected, wanted, strict=True))
    for name, row in zip(names, got, strict=True):
        ours, theirs = _points(row), _points(by_name[name])
        if not _points_alike(ours, theirs):
            for a, b in zip(ours, theirs, strict=False):
                if not _points_alike([a], [b]):
                    return f"{name}: {a}, Prometheus: {b}"
            return f"{name}: {len(ours)} points, Prometheus: {len(theirs)}"
    return None


def _key(row: Any) -> str:
    return json.dumps(row["metric"], sort_keys=True)


def _points(row: Any) -> list[Any]:
    return [row["value"]] if "value" in row else row["values"]


def _points_alike(got: list[Any], wanted: list[Any]) -> bool:
    return len(got) == len(wanted) and all(
        a[0] == b[0] and (a[1] == b[1] or _numbers_alike(a[1], b[1])) for a, b in zip(got, wanted, strict=True)
    )


def _numbers_alike(got: str, wanted: str) -> bool:
    try:
        a, b = float(got), float(wanted)
    except ValueError:
        return False
    # Prometheus adds up in the order of a map: what is left when two sums cancel out is next to nothing, but no zero.
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-10)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) < 300 else text[:300] + "…"
