"""What the death of the telemetry store does to the requests of the chain: latencies with it, without it, and while
it hangs.

    .venv/bin/python -m benchmarks.store_outage [--rounds 5] [--seconds 6] [--rps 60]

The load is paced and leaves the machine air: at full speed the chain would seem to grow faster when the store
stops using the cores.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable

import psutil

from benchmarks.chain import Load, drive_paced
from benchmarks.running_lab import running_lab


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--rps", type=float, default=60)
    options = parser.parse_args()
    with running_lab() as lab:
        store, supervisor = psutil.Process(lab.pid("telemetry_store")), psutil.Process(lab.status["supervisor"]["pid"])

        def with_store() -> Load:
            return drive_paced(lab.url("frontend"), options.seconds, options.rps)

        def hanging() -> Load:
            store.suspend()
            try:
                return with_store()
            finally:
                store.resume()

        def killed() -> Load:
            # A supervisor that sleeps does not start it again.
            nonlocal store
            supervisor.suspend()
            try:
                store.kill()
                return with_store()
            finally:
                supervisor.resume()
                store = _successor(supervisor, store.pid)

        kinds: dict[str, Callable[[], Load]] = {"with the store": with_store, "hanging": hanging, "killed": killed}
        with_store()
        rounds: dict[str, list[Load]] = {name: [] for name in kinds}
        for _ in range(options.rounds):
            for name, run in kinds.items():
                rounds[name].append(run())
        print("| store | requests | failed | p50 ms | p95 ms | p99 ms |\n|---|---|---|---|---|---|")
        for name, loads in rounds.items():
            print(
                f"| {name} | {sum(load.requests for load in loads)} | {sum(load.errors for load in loads)} "
                f"| {statistics.median(load.p50 for load in loads):.1f} "
                f"| {statistics.median(load.p95 for load in loads):.1f} "
                f"| {statistics.median(load.p99 for load in loads):.1f} |"
            )


def _successor(supervisor: psutil.Process, old_pid: int) -> psutil.Process:
    """The store that the supervisor started in the place of the killed one."""
    while True:
        for child in supervisor.children():
            if child.pid != old_pid and "telemetry_store" in " ".join(child.cmdline()):
                return child


if __name__ == "__main__":
    main()
