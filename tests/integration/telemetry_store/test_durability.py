"""What survives: an orderly end, kills in the middle of ingest and packing, disks that refuse writes, and retention."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.integration.telemetry_store import remote_write_body
from tests.integration.telemetry_store.remote_write_body import Series

EAGER = "tests.integration.telemetry_store.eager_store"

#: What was acknowledged longer ago than this, a kill must not take.
AT_RISK_SECONDS = 1.0

SIGNALS = ("metrics", "logs", "traces")


def write_samples(store: Any, labels: dict[str, str], *samples: tuple[int, float]) -> Any:
    body = remote_write_body.body([Series(labels, samples)])
    return store.request("POST", "prometheus", "/api/v1/write", body, remote_write_body.HEADERS)


def raw_samples(store: Any, selector: str, at: float, seconds: int = 86400) -> list[tuple[float, float]]:
    """All samples of the series in the stretch of time before `at`, as (unix seconds, value)."""
    answer = store.get("prometheus", "/api/v1/query", query=f"{selector}[{seconds}s]", time=at)
    assert answer.status == 200, answer.text
    return [(t, float(v)) for row in answer.json["data"]["result"] for t, v in row["values"]]


@pytest.mark.slow
def test_an_orderly_end_keeps_everything(start_store: Callable[..., Any], push_of: Any, otlp: Any, poll: Any) -> None:
    span, request_of = otlp
    store = start_store()
    address = store.urls["prometheus"].removeprefix("http://")
    store.targets_file.write_text(json.dumps([{"targets": [address]}]))
    poll(lambda: store.vector("up"))
    instant = time.time()
    samples = store.get("prometheus", "/api/v1/query", query="up[1m]", time=instant).json
    assert store.post("loki", "/loki/api/v1/push", push_of("kept", service="a")).status == 204
    assert store.post("otlp", "/v1/traces", request_of(span(1, trace=7))).status == 200
    assert store.stop() == 0
    store.targets_file.write_text("[]")
    store.start()
    assert store.lines('{service="a"}') == ["kept"]
    assert store.get("tempo", f"/api/traces/{7:x}").status == 200
    assert store.get("prometheus", "/api/v1/query", query="up[1m]", time=instant).json == samples


# -- kills


class Ledger:
    """What senders sent, and when each part was acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, list[tuple[float, int]]] = {}

    def note(self, sender: str, number: int) -> None:
        self.acknowledged.setdefault(sender, []).append((time.monotonic(), number))

    def settle(self, sender: str, before: float) -> set[int]:
        """What was acknowledged before that moment. The rest is forgotten: a kill may have taken it."""
        return {number for at, number in self.acknowledged.pop(sender, []) if at < before}


class CountingTarget:
    """A page to scrape whose only metric counts how often it was read, and notes when."""

    def __init__(self, ledger: Ledger) -> None:
        count = 0

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                nonlocal count
                count += 1
                body = f"kill_scrapes {count}\n".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                ledger.note("scrapes", count)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


SAMPLES_OF_A_WRITE, LINES_OF_A_PUSH, SPANS_OF_A_TRACE = 20, 5, 8


class Senders:
    """Threads that send samples, lines and spans, numbered, until told to stop or the store goes away."""

    def __init__(self, store: Any, ledger: Ledger, epoch: float, round_: int, otlp: Any) -> None:
        self._store, self._ledger, self._epoch, self._round = store, ledger, epoch, round_
        self._span, self._request_of = otlp
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=each)
            for each in (("samples", self._samples, 204), ("lines", self._lines, 204), ("spans", self._spans, 200))
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, name: str, send: Callable[[int], Any], accepted: int) -> None:
        number = self._round * 10_000
        while not self._stop.is_set():
            number += 1
            try:
                answer = send(number)
            except urllib3.exceptions.HTTPError:
                return
            if answer.status == accepted:
                self._ledger.note(name, number)
            time.sleep(0.005)

    def _samples(self, number: int) -> Any:
        first = number * SAMPLES_OF_A_WRITE
        samples = [(int(self._epoch * 1000) + n, float(n)) for n in range(first, first + SAMPLES_OF_A_WRITE)]
        return write_samples(self._store, {"__name__": "kill_samples"}, *samples)

    def _lines(self, number: int) -> Any:
        values = [[str(time.time_ns() + n), f"{number} {n}"] for n in range(LINES_OF_A_PUSH)]
        push = {"streams": [{"stream": {"round": str(self._round)}, "values": values}]}
        return self._store.post("loki", "/loki/api/v1/push", push)

    def _spans(self, number: int) -> Any:
        spans = [self._span(n + 1, trace=number) for n in range(SPANS_OF_A_TRACE)]
        return self._store.post("otlp", "/v1/traces", self._request_of(*spans))


def assert_files_are_whole(directory: Path, scratch: Path) -> None:
    """Looks at a copy: whoever opens a database after a kill repairs it."""
    shutil.copytree(directory, scratch)
    for name in SIGNALS:
        connection = sqlite3.connect(scratch / f"{name}.db")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
    shutil.rmtree(scratch)


@pytest.mark.slow
@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=[pytest.mark.slow, pytest.mark.timeout(300)])])
def test_what_was_acknowledged_a_second_before_a_kill_is_there_exactly_once(
    start_store: Callable[..., Any], otlp: Any, tmp_path: Path, kills: int
) -> None:
    ledger = Ledger()
    target = CountingTarget(ledger)
    epoch = time.time() - 86400 / 2
    (tmp_path / "store-targets.json").write_text(json.dumps([{"targets": [target.address]}]))
    store = start_store(module=EAGER)
    settled: dict[str, set[int]] = {name: set() for name in ("samples", "scrapes", "lines", "spans")}
    try:
        for round_ in range(kills):
            senders = Senders(store, ledger, epoch, round_, otlp)
            time.sleep(1.7 + 0.037 * round_)
            killed = time.monotonic()
            store.kill()
            senders.stop()
            assert_files_are_whole(store.data_directory, tmp_path / "copy")
            store.start()
            for name, known in settled.items():
                new = ledger.settle(name, killed - AT_RISK_SECONDS)
                assert new, f"no {name} were acknowledged in time"
                known.update(new)
            found = Counter(store.lines(f'{{round="{round_}"}}', limit=5000))
            sent = {f"{n} {m}" for n in settled["lines"] if n // 10_000 == round_ for m in range(LINES_OF_A_PUSH)}
            assert sent - found.keys() == set()
            assert max(found.values()) == 1
        for number in settled["spans"]:
            answer = store.get("tempo", f"/api/traces/{number:x}")
            names = Counter(
                span["name"]
                for batch in answer.json["batches"]
                for scope in batch["scopeSpans"]
                for span in scope["spans"]
            )
            assert names == {f"span {n + 1}": 1 for n in range(SPANS_OF_A_TRACE)}
        samples = raw_samples(store, "kill_samples", time.time())
        assert [at for at, _ in samples] == sorted({at for at, _ in samples})
        first = SAMPLES_OF_A_WRITE
        sent_samples = {float(n) for number in settled["samples"] for n in range(number * first, (number + 1) * first)}
        assert sent_samples - {value for _, value in samples} == set()
        scrapes = Counter(value for _, value in raw_samples(store, "kill_scrapes", time.time()))
        assert settled["scrapes"] - {int(value) for value in scrapes} == set()
        assert max(scrapes.values()) == 1
    finally:
        target.close()
    assert store.stop() == 0
    for name, table in (("metrics", "chunk"), ("logs", "chunk"), ("traces", "block")):
        connection = sqlite3.connect(store.data_directory / f"{name}.db")
        assert connection.execute(f"SELECT count(*) > 0 FROM {table}").fetchone() == (1,), f"{name} packed nothing"
        connection.close()


@pytest.mark.slow
def test_a_batch_that_is_sent_twice_counts_once(start_store: Callable[..., Any], push_of: Any, otlp: Any) -> None:
    span, request_of = otlp
    store = start_store()
    push, request = push_of("once", service="a"), request_of(span(1, trace=9), span(2, trace=9))
    for _ in range(3):
        assert store.post("loki", "/loki/api/v1/push", push).status == 204
        assert store.post("otlp", "/v1/traces", request).status == 200
    assert store.lines('{service="a"}') == ["once"]
    (batch,) = store.get("tempo", f"/api/traces/{9:x}").json["batches"]
    assert [s["name"] for s in batch["scopeSpans"][0]["spans"]] == ["span 1", "span 2"]


# -- disks that refuse writes


class Sender:
    """Sends one signal in pieces that count up, and knows how to find all of them again."""

    def __init__(self, store: Any, signal: str, otlp: Any) -> None:
        self._store, self._signal = store, signal
        self._span, self._request_of = otlp
        self.accepted: list[int] = []
        self._number = 0
        self._now = int(time.time())

    def send(self) -> Any:
        """The answer to the next piece, of about 400 kB on disk."""
        self._number += 1
        number = self._number
        answer = getattr(self, f"_{self._signal}")(number)
        if answer.status in (200, 204):
            self.accepted.append(number)
        return answer

    def found(self) -> list[int]:
        """The numbers of the pieces that can be read."""
        if self._signal == "metrics":
            return [int(value) for _, value in raw_samples(self._store, "full_disk", self._now + 86400, 2 * 86400)]
        if self._signal == "logs":
            return sorted({int(line.split()[0]) for line in self._store.lines('{job="full"}', limit=5000)})
        answers = [(n, self._store.get("tempo", f"/api/traces/{n:x}").status) for n in range(1, self._number + 1)]
        return [number for number, status in answers if status == 200]

    def _metrics(self, number: int) -> Any:
        filler = [
            Series({"__name__": f"filler_{number}_{n}"}, [(self._now * 1000 + s, float(s * n)) for s in range(250)])
            for n in range(100)
        ]
        mark = Series({"__name__": "full_disk"}, [(self._now * 1000 + number, float(number))])
        body = remote_write_body.body([mark, *filler])
        return self._store.request("POST", "prometheus", "/api/v1/write", body, remote_write_body.HEADERS)

    def _logs(self, number: int) -> Any:
        texts = [f"{number} {os.urandom(2000).hex()}" for _ in range(100)]
        values = [[str(self._now * 10**9 + number * 1000 + n), text] for n, text in enumerate(texts)]
        return self._store.post(
            "loki", "/loki/api/v1/push", {"streams": [{"stream": {"job": "full"}, "values": values}]}
        )

    def _traces(self, number: int) -> Any:
        filler = [{"key": "filler", "value": {"stringValue": os.urandom(1500).hex()}}]
        spans = [self._span(n + 1, trace=number, attributes=filler) for n in range(130)]
        return self._store.post("otlp", "/v1/traces", self._request_of(*spans))


def refusal(sender: Sender) -> Any:
    """The first answer that is a 503."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        answer = sender.send()
        if answer.status == 503:
            return answer
        assert answer.status in (200, 204, 429), answer.text
    raise AssertionError("the store went on taking data")


def assert_recovers(sender: Sender, poll: Callable[..., Any]) -> None:
    """Sending works again, and everything acknowledged is there."""
    poll(lambda: sender.send().status in (200, 204))
    poll(lambda: sender.found() == sender.accepted)


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux: a limit on file size is set for the process")
@pytest.mark.parametrize("signal", SIGNALS)
def test_a_file_that_may_not_grow_refuses_senders_and_leaves_old_data_readable(
    start_store: Callable[..., Any], otlp: Any, poll: Any, signal: str
) -> None:
    resource = pytest.importorskip("resource")
    store = start_store()
    sender = Sender(store, signal, otlp)
    sender.send()
    assert sender.found() == [1]
    # Python ignores SIGXFSZ: a write beyond the limit fails as it does on a full disk.
    largest = sum(file.stat().st_size for file in store.data_directory.iterdir())
    resource.prlimit(store.process.pid, resource.RLIMIT_FSIZE, (largest // 2, -1))
    answer = refusal(sender)
    assert "data is not being taken" in answer.text
    assert answer.headers["Retry-After"] == "1"
    assert 1 in sender.found()
    resource.prlimit(store.process.pid, resource.RLIMIT_FSIZE, (-1, -1))
    assert_recovers(sender, poll)


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[None]:
    """A file system of that size at the place. Skips the test where none can be made."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    try:
        made = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        made = False
    if not made:
        pytest.skip("needs the right to mount a tmpfs")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("signal", SIGNALS)
def test_a_full_disk_refuses_senders_and_leaves_old_data_readable(
    start_store: Callable[..., Any], otlp: Any, poll: Any, tmp_path: Path, signal: str
) -> None:
    with small_disk(tmp_path / "disk", megabytes=32):
        store = start_store(name="disk/data", module=EAGER)
        sender = Sender(store, signal, otlp)
        sender.send()
        assert sender.found() == [1]
        filler = tmp_path / "disk" / "filler"
        with pytest.raises(OSError, match="No space left"):
            filler.write_bytes(bytes(64 * 1024 * 1024))
        assert "data is not being taken" in refusal(sender).text
        assert 1 in sender.found()
        filler.unlink()
        assert_recovers(sender, poll)
        assert store.stop() == 0


def make_unwritable(files: list[Path], unwritable: bool) -> bool:
    """Whether the files could be made so that nobody writes to them, open or not (or writable again)."""
    try:
        command = ["chattr", "+i" if unwritable else "-i", *map(str, files)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("signal", SIGNALS)
def test_a_disk_that_becomes_read_only_refuses_senders_and_leaves_old_data_readable(
    start_store: Callable[..., Any], otlp: Any, poll: Any, signal: str
) -> None:
    store = start_store()
    sender = Sender(store, signal, otlp)
    sender.send()
    assert sender.found() == [1]
    files = [store.data_directory / f"{signal}.db", store.data_directory / f"{signal}.db-wal"]
    if not make_unwritable(files, True):
        pytest.skip("needs the right to make files immutable")
    try:
        assert "data is not being taken" in refusal(sender).text
        assert 1 in sender.found()
    finally:
        make_unwritable(files, False)
    assert_recovers(sender, poll)


# -- retention


def send_at(store: Any, otlp: Any, number: int, unix_seconds: float) -> None:
    """One sample, line and trace of that moment. Each sample is of a metric of its own: chunks go as a whole."""
    span, request_of = otlp
    nanoseconds = int(unix_seconds * 1e9)
    assert write_samples(store, {"__name__": f"aged_{number}"}, (nanoseconds // 10**6, float(number))).status == 204
    push = {"streams": [{"stream": {"job": "aged"}, "values": [[str(nanoseconds), str(number)]]}]}
    assert store.post("loki", "/loki/api/v1/push", push).status == 204
    times = {"startTimeUnixNano": str(nanoseconds), "endTimeUnixNano": str(nanoseconds + 1000)}
    assert store.post("otlp", "/v1/traces", request_of(span(1, trace=number, **times))).status == 200


def kept(store: Any, signal: str, numbers: range) -> list[int]:
    """Which of the numbers the store still has."""
    now = time.time()
    if signal == "metrics":
        return sorted(int(value) for _, value in raw_samples(store, '{__name__=~"aged_.+"}', now))
    if signal == "logs":
        start, end = int((now - 86400) * 1e9), int((now + 60) * 1e9)
        return sorted(int(line) for line in store.lines('{job="aged"}', limit=5000, start=start, end=end))
    return [n for n in numbers if store.get("tempo", f"/api/traces/{n:x}").status == 200]


@pytest.mark.slow
def test_retention_by_age_deletes_what_is_older_and_nothing_else(
    start_store: Callable[..., Any], otlp: Any, poll: Any
) -> None:
    now = time.time()
    store = start_store("--retention-hours", "2", module=EAGER)
    minutes = range(1, 25)
    # From three hours ago to now, one every 7.5 minutes: the first ones are too old.
    young = [number for number in minutes if 10_800 - number * 450 < 7_200]
    for number in range(1, young[0]):
        send_at(store, otlp, number, now - 10_800 + number * 450)
    # What is packed together goes together: the others come when these have gone.
    poll(lambda: not any(kept(store, signal, minutes) for signal in SIGNALS))
    for number in young:
        send_at(store, otlp, number, now - 10_800 + number * 450)
    time.sleep(1)
    assert {signal: kept(store, signal, minutes) for signal in SIGNALS} == dict.fromkeys(SIGNALS, young)


@pytest.mark.slow
def test_retention_by_size_deletes_the_oldest_first_and_never_the_last_minute(
    start_store: Callable[..., Any], otlp: Any, poll: Any
) -> None:
    now = time.time()
    store = start_store("--retention-megabytes", "2", module=EAGER)
    numbers = range(1, 41)
    for number in numbers:
        # Forty pieces of 100 kB over as many minutes: older ones have to go.
        at = now - (len(numbers) - number) * 60
        send_at(store, otlp, number, at)
        texts = [os.urandom(500).hex() for _ in range(100)]
        values = [[str(int(at * 1e9) + n), text] for n, text in enumerate(texts)]
        push = {"streams": [{"stream": {"job": "filler"}, "values": values}]}
        assert store.post("loki", "/loki/api/v1/push", push).status == 204

    def fits() -> bool:
        return sum(file.stat().st_size for file in store.data_directory.iterdir() if file.suffix == ".db") < 2_500_000

    poll(fits)
    for signal in SIGNALS:
        left = kept(store, signal, numbers)
        assert left, f"{signal} lost everything"
        assert left == list(numbers)[-len(left) :], f"{signal} lost something newer than what it kept"
