"""What all telemetry costs: the chain with it against the same chain without, round by round in turn.

    .venv/bin/python -m benchmarks.telemetry_cost [--rounds 5] [--seconds 6] [--hits] [--sink store|null]

Prints, for each variant, CPU per request and requests per second against the bare chain on the same server
(granian) and against the bare chain on waitress, with latencies; medians over the rounds. CPU is that of the three
services. The receiver of the telemetry shares the machine's cores, as it does on a laptop: `store` is our own
telemetry store, `null` a server that throws everything away.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from benchmarks.chain import ROOT, Chain, drive, free_ports, running_chain, wait_until_answering
from lab.stacks.stack import BACKEND_NICENESS as STORE_NICENESS

_NULL_SINK = """
import asyncio, sys
async def client(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            length = 0
            for line in head.split(b"\\r\\n"):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            await reader.readexactly(length)
            status = b"204 No Content" if b"/loki/" in head[:80] else b"200 OK"
            writer.write(b"HTTP/1.1 " + status + b"\\r\\nContent-Length: 0\\r\\n\\r\\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(client, "127.0.0.1", int(sys.argv[1]), limit=2**24)
    await server.serve_forever()
asyncio.run(main())
"""


@dataclass
class Variant:
    name: str
    environ: dict[str, str]
    server: str = "granian"


@dataclass
class Round:
    cpu_milliseconds: float
    requests_per_second: float
    p50: float
    p99: float
    errors: int


@contextmanager
def receiver(kind: str) -> Iterator[dict[str, str]]:
    """What takes the telemetry; the environment that points the services at it."""
    prometheus, loki, tempo, otlp = free_ports(4)
    with tempfile.TemporaryDirectory() as directory:
        if kind == "null":
            command = [sys.executable, "-c", _NULL_SINK, str(loki)]
            otlp = loki
        else:
            command = [
                *(sys.executable, "-m", "telemetry_store", "--data-dir", directory),
                *("--prometheus-port", str(prometheus), "--loki-port", str(loki)),
                *("--tempo-port", str(tempo), "--otlp-port", str(otlp)),
            ]
        process = subprocess.Popen(command, cwd=ROOT)
        # As the lab starts it.
        os.setpriority(os.PRIO_PROCESS, process.pid, STORE_NICENESS)
        try:
            if kind == "store":
                wait_until_answering(f"http://127.0.0.1:{loki}/ready")
            yield {
                "LOKI_URL": f"http://127.0.0.1:{loki}",
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{otlp}",
            }
        finally:
            process.terminate()
            process.wait(20)


def measure(chain: Chain, seconds: float) -> Round:
    before = chain.cpu_seconds()
    load = drive(chain.url, seconds)
    cpu = chain.cpu_seconds() - before
    return Round(cpu / load.requests * 1000, load.requests / load.seconds, load.p50, load.p99, load.errors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--hits", action="store_true", help="let the backend answer from its cache")
    parser.add_argument("--sink", choices=("store", "null"), default="store")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cache = {"CACHE_MAX_ENTRIES": "5000", "CACHE_TTL_SECONDS": "3600"} if options.hits else {}
    with receiver(options.sink) as destination, ExitStack() as stack:
        off = {"OTEL_SDK_DISABLED": "true", **cache}
        variants = [
            Variant("bare, waitress", off, "waitress"),
            Variant("bare, granian", off),
            Variant("all telemetry, granian", {**destination, **cache}),
        ]
        chains = [stack.enter_context(running_chain(variant.environ, variant.server)) for variant in variants]
        for chain in chains:
            drive(chain.url, min(3, options.seconds))
        rounds: list[list[Round]] = [[] for _ in variants]
        for number in range(options.rounds):
            # In another order each round: a machine that grows slower must not look like a variant that is.
            order = range(len(chains)) if number % 2 == 0 else reversed(range(len(chains)))
            for index in order:
                rounds[index].append(measure(chains[index], options.seconds))
        memory = [chain.memory_megabytes() for chain in chains]

    def median(index: int, field: str) -> float:
        return float(statistics.median(getattr(each, field) for each in rounds[index]))

    def ratio(index: int, base: int, field: str) -> float:
        """Median of the ratios within each round, so that what the machine did meanwhile cancels out."""
        pairs = zip(rounds[index], rounds[base], strict=True)
        return float(statistics.median(getattr(own, field) / getattr(other, field) for own, other in pairs))

    rows = [
        {
            "variant": variant.name,
            "cpu_ms": round(median(index, "cpu_milliseconds"), 3),
            "cpu_ratio": round(ratio(index, 1, "cpu_milliseconds"), 2),
            "rps": round(median(index, "requests_per_second")),
            "rps_ratio_waitress": round(ratio(index, 0, "requests_per_second"), 2),
            "rps_ratio_bare": round(ratio(index, 1, "requests_per_second"), 2),
            "p50_ms": round(median(index, "p50"), 1),
            "p99_ms": round(median(index, "p99"), 1),
            "p99_ratio": round(ratio(index, 1, "p99"), 2),
            "errors": sum(each.errors for each in rounds[index]),
            "memory_mb": round(memory[index]),
        }
        for index, variant in enumerate(variants)
    ]
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    columns = list(rows[0])
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(str(row[column]) for column in columns) + " |")


if __name__ == "__main__":
    main()
