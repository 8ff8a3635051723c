"""What taking and searching log lines costs: ingest per core, and searches of several kinds, as the lines grow.

    .venv/bin/python -m benchmarks.log_search [--lines 10000 100000 1000000] [--rounds 3]

Lines are JSON of some 200 bytes in eight streams. Each size gets a store of its own, filled over HTTP in batches of a
thousand lines; CPU is the whole store process's, memory its highest. One line in five thousand is of a rare user.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import orjson

from benchmarks.store import RunningStore, running_store, seconds_of

#: The lines lie evenly over this much of the past.
COVERED_SECONDS = 3000
BATCH = 1_000

STREAMS = [
    {"service_name": service, "env": "lab", "level": level}
    for service in ("frontend", "backend", "database", "worker")
    for level in ("info", "error")
]


def bodies(lines: int, begin: float) -> Iterator[bytes]:
    dice = random.Random(lines)
    for first in range(0, lines, BATCH):
        streams = [{"stream": labels, "values": []} for labels in STREAMS]
        for number in range(first, min(first + BATCH, lines)):
            place = dice.randrange(len(STREAMS))
            instant = int((begin + number * COVERED_SECONDS / lines) * 1e9)
            streams[place]["values"].append([str(instant), _line(dice, STREAMS[place]["level"])])  # type: ignore[attr-defined]
        yield orjson.dumps({"streams": streams})


def _line(dice: random.Random, level: str) -> str:
    user = 77 if dice.random() < 1 / 5_000 else 1_000 + dice.randrange(5_000)
    return orjson.dumps(
        {
            "level": level,
            "message": f"request completed GET /users/{user}",
            "trace_id": f"{dice.getrandbits(128):032x}",
            "span_id": f"{dice.getrandbits(64):016x}",
            "user_id": user,
            "duration_ms": round(dice.random() * 200, 3),
        }
    ).decode()


def fill(store: RunningStore, lines: int, begin: float) -> float:
    """Sends the lines; returns the store's CPU seconds a line, packing included."""
    before = store.cpu_seconds()
    for body in bodies(lines, begin):
        store.post("loki", "/loki/api/v1/push", body, {"Content-Type": "application/json"})
    # What is still being packed belongs to the cost.
    used = store.cpu_seconds()
    while True:
        time.sleep(3)
        now = store.cpu_seconds()
        if now - used < 0.1:
            return (now - before) / lines
        used = now


#: What is asked, by what it shows: a query and how many lines are wanted (0: values over time).
QUERIES = {
    "no match": ('{env="lab"} |= "nothing of the kind"', 100),
    "rare: one user": ('{env="lab"} |= "/users/77\\""', 100),
    "common, newest 100": ('{env="lab"} |= "completed"', 100),
    "newest 100 of one stream": ('{service_name="backend", level="error"}', 100),
    "regular expression, no match": ('{env="lab"} |~ "(?i)users/9[0-9]{5}"', 100),
    "regular expression, rare": ('{env="lab"} |~ "users/7.\\""', 100),
    "without a word, then rare": ('{env="lab"} != "\\"level\\":\\"info\\"" |= "/users/77\\""', 100),
    "json filter, newest 100": ('{env="lab"} | json | duration_ms > 199', 100),
    "count over time by level": ('sum by (level) (count_over_time({env="lab"} [1m]))', 0),
    "… of lines with a word": ('sum by (level) (count_over_time({env="lab"} |= "completed" [1m]))', 0),
    "bytes over time": ('sum (bytes_over_time({env="lab"} [1m]))', 0),
}


def measure(lines: int, rounds: int) -> dict[str, str]:
    """One column of the table."""
    begin = time.time() - COVERED_SECONDS - 60
    with running_store() as store:
        column = {"ingest and packing, µs of CPU a line": f"{fill(store, lines, begin) * 1e6:.1f}"}
        column["peak memory of ingest, MB"] = f"{peak_megabytes(store):.0f}"
        span = {"start": int((begin - 60) * 1e9), "end": int((begin + COVERED_SECONDS + 60) * 1e9), "step": "60s"}
        for name, (query, limit) in QUERIES.items():
            asked = {"query": query, **span, **({"limit": limit} if limit else {})}

            def ask(asked: dict[str, object] = asked) -> bytes:
                return store.get("loki", "/loki/api/v1/query_range", **asked)

            taken = [seconds_of(ask) for _ in range(rounds)]
            column[name] = f"{taken[0] * 1000:.0f} / {statistics.median(taken[1:] or taken) * 1000:.0f} ms"
        column["peak memory, MB"] = f"{peak_megabytes(store):.0f}"
        column["memory at the end, MB"] = f"{store.memory_megabytes():.0f}"
    return column


def peak_megabytes(store: RunningStore) -> float:
    """The most memory it held at one time."""
    status = Path(f"/proc/{store.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    columns = {lines: measure(lines, options.rounds) for lines in options.lines}
    print("first time / again, over HTTP")
    print(f"{'':40}" + "".join(f"{f'{lines:,} lines':>20}" for lines in columns))
    for name in next(iter(columns.values())):
        print(f"{name:40}" + "".join(f"{column[name]:>20}" for column in columns.values()))


if __name__ == "__main__":
    main()
