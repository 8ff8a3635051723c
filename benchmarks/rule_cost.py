"""What the lab's rules cost: CPU of the store with and without them, and their evaluation over hours of data.

.venv/bin/python -m benchmarks.rule_cost [SYSTEM …] [--rounds 3] [--seconds 30] [--hours 6]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks.chain import ROOT
from benchmarks.running_lab import running_lab
from benchmarks.store import RunningStore, running_store
from telemetry_store.metrics.remote_write_encoding import HEADERS, encode

RULES = ROOT / "observability" / "prometheus" / "rules"

SCRAPE_SECONDS = 5
SAMPLES_PER_REQUEST = 50_000
EVALUATIONS = 5


def share_of_a_core(store: psutil.Process, seconds: float) -> float:
    """CPU time that the process takes per second."""
    before = store.cpu_times()
    began = time.monotonic()
    time.sleep(seconds)
    after = store.cpu_times()
    return (after.user + after.system - before.user - before.system) / (time.monotonic() - began)


def with_and_without(systems: Sequence[str], rounds: int, seconds: float) -> None:
    with running_lab(ROOT, *systems, traffic=True) as lab:
        store = psutil.Process(lab.pid("telemetry_store"))
        rules = Path(lab.environ["LAB_STATE_DIR"]) / "configuration" / "observability" / "prometheus" / "rules"
        files = {file: file.read_text() for file in rules.glob("*.yml")}
        # All of them; each file's part is what there is less without it.
        variants = {"with rules": set(files), **{f"without {file.stem}": {*files} - {file} for file in sorted(files)}}
        variants["without"] = set()
        shares: dict[str, list[float]] = {name: [] for name in variants}
        time.sleep(15)
        for _ in range(rounds):
            for name, wanted in variants.items():
                for file, content in files.items():
                    file.write_text(content) if file in wanted else file.unlink(missing_ok=True)
                # The store looks every two seconds.
                time.sleep(6)
                shares[name].append(share_of_a_core(store, seconds))
    for name, found in shares.items():
        print(f"store {name:18}: {statistics.median(found):6.2%} of a core ({min(found):.2%} to {max(found):.2%})")


def over_hours(hours: float) -> None:
    with running_store("--rule-files", str(RULES / "*.yml"), "--evaluation-interval", str(SCRAPE_SECONDS)) as store:
        fill(store, hours)
        time.sleep(SCRAPE_SECONDS * (EVALUATIONS + 1))
        groups = json.loads(store.get("prometheus", "/api/v1/rules"))["data"]["groups"]
        # Every group at its interval; the long ones are evaluated once in this time.
        print(f"evaluation with {hours:g} h of the frontend's metrics:")
        total = 0.0
        for group in sorted(groups, key=lambda group: -float(group["evaluationTime"]) / float(group["interval"])):
            share = float(group["evaluationTime"]) / float(group["interval"])
            total += share
            milliseconds = 1000 * float(group["evaluationTime"])
            print(f"  {group['name']:18} {milliseconds:7.1f} ms every {group['interval']:2} s {share:7.2%}")
        print(f"  {'all':18} {total:34.2%}")


def fill(store: RunningStore, hours: float) -> None:
    """Counters and histograms as a frontend has them, a sample every five seconds up to now."""
    base = {"job": "chain", "service": "frontend", "instance": "127.0.0.1:8001"}
    series = []
    for route in ("/", "/user/<id>", "/product/<id>"):
        for status in ("200", "404", "500", "503"):
            labels = {"__name__": "frontend_requests_total", "method": "GET", "status": status}
            series.append((labels | base | {"endpoint": route}, 1.0 if status == "200" else 0.0))
        name = "frontend_request_duration_seconds"
        for bound in ("0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "+Inf"):
            labels = {"__name__": f"{name}_bucket", "le": bound}
            series.append((labels | base | {"endpoint": route}, min(1.0, 20 * float(bound))))
        for suffix in ("sum", "count"):
            series.append(({"__name__": f"{name}_{suffix}"} | base | {"endpoint": route}, 1.0))
    now = int(time.time() * 1000)
    count = int(hours * 3600 / SCRAPE_SECONDS)
    samples = (
        (tuple(sorted(labels.items())), rise * number, now - (count - number) * SCRAPE_SECONDS * 1000)
        for number in range(count)
        for labels, rise in series
    )
    batch = []
    for sample in samples:
        batch.append(sample)
        if len(batch) == SAMPLES_PER_REQUEST:
            store.post("prometheus", "/api/v1/write", encode(batch), HEADERS)
            batch.clear()
    store.post("prometheus", "/api/v1/write", encode(batch), HEADERS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("systems", nargs="*", default=["chain"], metavar="SYSTEM")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--hours", type=float, default=6)
    options = parser.parse_args()
    if options.rounds:
        with_and_without(options.systems, options.rounds, options.seconds)
    over_hours(options.hours)


if __name__ == "__main__":
    main()
