"""The lab's dashboard queries, asked of the store and of Debian's Prometheus in turn, over the same 1,000 series.

.venv/bin/python -m benchmarks.promql [--rounds 9]

Needs `prometheus` and `promtool` (Debian: `apt install prometheus`). Prometheus gets the data as blocks, the store by
remote write. Every query is asked of both, one after the other, in every round; the figures are medians.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import urllib3

from benchmarks.chain import free_ports
from benchmarks.store import RunningStore, running_store, seconds_of
from tests.integration.telemetry_store import remote_write_body
from tests.integration.telemetry_store.remote_write_body import Series

SCRAPE_SECONDS = 15
HOURS = 6

#: (name, query, whether it is asked for one instant).
QUERIES = (
    ("requests per service", "sum by (service) (rate(requests_total[1m]))", False),
    (
        "error ratio per service",
        'sum by (service) (rate(requests_total{status=~"5.."}[5m])) / sum by (service) (rate(requests_total[5m]))',
        False,
    ),
    *(
        (f"p{part}", f"histogram_quantile(0.{part}, sum by (le) (rate(request_seconds_bucket[5m])))", False)
        for part in (50, 95, 99)
    ),
    ("p95 per service", "histogram_quantile(0.95, sum by (le, service) (rate(request_seconds_bucket[5m])))", False),
    ("heatmap", 'sum by (le) (increase(request_seconds_bucket{service="service-3"}[1m]))', False),
    ("mean duration", "sum(rate(request_seconds_sum[5m])) / sum(rate(request_seconds_count[5m]))", False),
    ("slowest endpoints", "topk(5, sum by (service, endpoint) (rate(request_seconds_sum[5m])))", False),
    ("highest load", "max by (service) (max_over_time(load[5m]))", False),
    ("one series", 'requests_total{service="service-1",endpoint="/endpoint/2",status="200"}', False),
    ("all gauges", "load", False),
    ("subquery", "max_over_time(sum(rate(requests_total[1m]))[10m:30s])", False),
    ("against yesterday's", "sum(rate(requests_total[5m])) / sum(rate(requests_total[5m] offset 10m))", False),
    ("now: requests", "sum(rate(requests_total[5m]))", True),
    ("now: up to date series", 'count({__name__=~".+"})', True),
    ("now: increase of a day", "sum by (service) (increase(requests_total[1h]))", True),
)


def series(end: int) -> Iterator[Series]:
    """1,000 series of a sample every 15 s: requests by status, durations as histograms, and gauges."""
    generator = random.Random(7)
    instants = range((end - HOURS * 3600) * 1000, end * 1000 + 1, SCRAPE_SECONDS * 1000)

    def counter(labels: dict[str, str], rate: float) -> Series:
        total, samples = 0.0, []
        for at in instants:
            total += generator.expovariate(1) * rate
            samples.append((at, round(total, 3)))
        return Series(labels, samples)

    for service in range(10):
        for endpoint in range(5):
            where = {"service": f"service-{service}", "endpoint": f"/endpoint/{endpoint}", "job": "chain"}
            for status, share in (("200", 1.0), ("404", 0.05), ("500", 0.02)):
                yield counter({"__name__": "requests_total", "status": status, **where}, 30 * share)
            yield from histogram(where, instants, generator)
        for gauge in range(15):
            labels = {"__name__": "load", "service": f"service-{service}", "worker": str(gauge)}
            yield Series(labels, [(at, round(generator.random() * 10, 2)) for at in instants])


def histogram(where: Mapping[str, str], instants: range, generator: random.Random) -> Iterator[Series]:
    """The fourteen series of a histogram."""
    bounds = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"]
    shares = [1 - math.exp(-(number + 1) / 3) for number in range(len(bounds) - 1)] + [1.0]
    counts: list[float] = []
    total = 0
    for _ in instants:
        total += generator.randrange(60)
        counts.append(total)
    for bound, share in zip(bounds, shares, strict=True):
        labels = {"__name__": "request_seconds_bucket", "le": bound, **where}
        yield Series(labels, [(at, float(int(count * share))) for at, count in zip(instants, counts, strict=True)])
    for name, factor in (("sum", 0.07), ("count", 1.0)):
        labels = {"__name__": f"request_seconds_{name}", **where}
        yield Series(labels, [(at, round(count * factor, 4)) for at, count in zip(instants, counts, strict=True)])


def write_open_metrics(path: Path, all_series: list[Series]) -> None:
    """The series as a file that promtool reads."""
    with path.open("w") as file:
        for one in all_series:
            labels = ",".join(f"{name}={json.dumps(value)}" for name, value in one.labels.items() if name != "__name__")
            head = f"{one.labels['__name__']}{{{labels}}}"
            file.writelines(f"{head} {value!r} {at / 1000}\n" for at, value in one.samples)
        file.write("# EOF\n")


@contextmanager
def running_prometheus(all_series: list[Series]) -> Iterator[str]:
    """Prometheus with the series in its blocks; its URL."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        write_open_metrics(place / "data.om", all_series)
        (port,) = free_ports(1)
        (place / "prometheus.yml").write_text("{}")
        subprocess.run(
            ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(place / "data.om"), str(place / "data")],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={place / 'prometheus.yml'}",
                f"--storage.tsdb.path={place / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--storage.tsdb.retention.time=100y",
            ],
            stderr=subprocess.DEVNULL,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_ready(url)
            yield url
        finally:
            process.terminate()
            process.wait(30)


def wait_until_ready(url: str) -> None:
    http = urllib3.PoolManager(retries=False, timeout=5)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if http.request("GET", f"{url}/-/ready").status == 200:
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.1)
    raise RuntimeError("Prometheus did not become ready")


def load(store: RunningStore, all_series: list[Series]) -> None:
    for first in range(0, len(all_series), 50):
        body = remote_write_body.body(all_series[first : first + 50])
        store.post("prometheus", "/api/v1/write", body, remote_write_body.HEADERS)
    store.settle()


class Asker:
    """Asks one server, keeping its connection."""

    def __init__(self, url: str) -> None:
        self._pool = urllib3.connection_from_url(url, timeout=120, retries=False)

    def ask(self, path: str, parameters: Mapping[str, str]) -> bytes:
        if "/label/" in path:
            answer = self._pool.request_encode_url("GET", path, fields=parameters)
        else:
            answer = self._pool.request_encode_body("POST", path, fields=parameters, encode_multipart=False)
        if answer.status != 200:
            raise RuntimeError(f"{parameters}: {answer.status} {answer.data[:300]!r}")
        return answer.data


def result_size(answer: bytes) -> int:
    data = json.loads(answer)["data"]
    return len(data["result"] if isinstance(data, dict) else data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        parser.error("needs prometheus and promtool in the PATH")
    end = int(time.time()) // 60 * 60 - 60
    all_series = list(series(end))
    print(f"{len(all_series)} series, {HOURS} h, a sample every {SCRAPE_SECONDS} s")
    with running_store() as store, running_prometheus(all_series) as prometheus:
        print(f"loaded into the store in {seconds_of(lambda: load(store, all_series)):.1f} s")
        for hours, step in ((1, 15), (6, 60)):
            compare(Asker(prometheus), Asker(store.urls["prometheus"]), end, hours, step, options.rounds)
        print(f"memory of the store: {store.memory_megabytes():.0f} MB")


def compare(prometheus: Asker, store: Asker, end: int, hours: int, step: int, rounds: int) -> None:
    """Prints milliseconds of both and their ratio for every query."""
    requests: list[tuple[str, str, dict[str, str]]] = [
        (name, "/api/v1/query", {"query": query, "time": str(end)})
        if instant
        else (
            name,
            "/api/v1/query_range",
            {"query": query, "start": str(end - hours * 3600), "end": str(end), "step": str(step)},
        )
        for name, query, instant in QUERIES
    ]
    window = {"start": str(end - hours * 3600), "end": str(end)}
    requests.append(("values of a label", "/api/v1/label/endpoint/values", window))
    requests.append(("names of metrics", "/api/v1/label/__name__/values", window))
    print(f"\n{hours} h, a point every {step} s{'':17} Prometheus    store    ratio   (milliseconds)")
    both: dict[str, list[float]] = {"prometheus": [], "store": []}
    for name, path, parameters in requests:
        sizes = {result_size(each.ask(path, parameters)) for each in (prometheus, store)}
        if len(sizes) != 1:
            raise RuntimeError(f"{name}: not the same number of results: {sizes}")
        seconds: dict[str, list[float]] = {"prometheus": [], "store": []}
        for number in range(rounds):
            turns = [("prometheus", prometheus), ("store", store)]
            for who, asker in turns if number % 2 else reversed(turns):
                seconds[who].append(seconds_of(partial(asker.ask, path, parameters)))
        ours, theirs = (statistics.median(seconds[who]) for who in ("store", "prometheus"))
        both["prometheus"].append(theirs)
        both["store"].append(ours)
        print(f"{name:40} {theirs * 1000:10.1f} {ours * 1000:8.1f} {ours / theirs:8.2f}")
    ratios = [ours / theirs for ours, theirs in zip(both["store"], both["prometheus"], strict=True)]
    theirs, ours = sum(both["prometheus"]), sum(both["store"])
    print(f"{'all of them':40} {theirs * 1000:10.1f} {ours * 1000:8.1f} {ours / theirs:8.2f}")
    print(f"{'geometric mean of the ratios':60} {statistics.geometric_mean(ratios):8.2f}")


if __name__ == "__main__":
    main()
