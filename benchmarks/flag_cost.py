"""What feature flags cost while none is on: this chain against the chain of a checkout before there were any.

    git worktree add /tmp/before COMMIT
    .venv/bin/python -m benchmarks.flag_cost --before /tmp/before [--rounds 8] [--seconds 3] [--hits]

Three chains in the same run, in turn, medians of the ratios within a round: before; with a thread that waits for the
flag file; and with the file there and every flag off, so that the provider is loaded. All with all telemetry, which
goes to a receiver that throws it away.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.chain import ROOT, drive, running_chain
from benchmarks.telemetry_cost import Round, measure, receiver
from lab.faults.catalogue import read_catalogue
from lab.faults.flag_file import FlagFile
from lab.stacks.services import FLAG_FILE_VARIABLE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True, help="a checkout without flags")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--hits", action="store_true", help="let the backend answer from its cache")
    options = parser.parse_args()
    cache = {"CACHE_MAX_ENTRIES": "5000", "CACHE_TTL_SECONDS": "3600"} if options.hits else {}
    with tempfile.TemporaryDirectory() as directory, receiver("null") as destination, ExitStack() as stack:
        all_off = FlagFile(Path(directory) / "off" / "flags.json")
        all_off.clear(fault.flag for fault in read_catalogue().values())
        environ = {**destination, **cache}
        waiting = environ | {FLAG_FILE_VARIABLE: str(Path(directory) / "none" / "flags.json")}
        loaded = environ | {FLAG_FILE_VARIABLE: str(all_off.path)}
        variants = [
            ("before", environ, options.before),
            ("no flag file", waiting, ROOT),
            ("every flag off", loaded, ROOT),
        ]
        chains = [stack.enter_context(running_chain(environ, root=root)) for _, environ, root in variants]
        for chain in chains:
            drive(chain.url, options.seconds)
        rounds: list[list[Round]] = [[] for _ in variants]
        for number in range(options.rounds):
            # Each comes first, second and last equally often: a machine that grows slower must not look like a variant.
            for index in [(number + place) % len(chains) for place in range(len(chains))]:
                rounds[index].append(measure(chains[index], options.seconds))
        memory = [chain.memory_megabytes() for chain in chains]

    def ratio(index: int, field: str) -> float:
        pairs = zip(rounds[index], rounds[0], strict=True)
        return float(statistics.median(getattr(own, field) / getattr(other, field) for own, other in pairs))

    print("| | CPU a request | against before | requests/s against before | p99 against before | memory |")
    print("|---|---|---|---|---|---|")
    for index, (name, _, _) in enumerate(variants):
        milliseconds = statistics.median(one.cpu_milliseconds for one in rounds[index])
        ratios = [f"{ratio(index, field):.2f}" for field in ("cpu_milliseconds", "requests_per_second", "p99")]
        print(f"| {name} | {milliseconds:.2f} ms | {' | '.join(ratios)} | {memory[index]:.0f} MB |")


if __name__ == "__main__":
    main()
