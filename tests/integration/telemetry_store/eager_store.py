"""The telemetry store, but what it does now and then (packing what came, forgetting what is old) it does all the time:
`python -m tests.integration.telemetry_store.eager_store`. A test that kills it meets it in the middle of that."""

from __future__ import annotations

import sys
from importlib import import_module

from telemetry_store import server
from telemetry_store.settings import parse_arguments

_EAGER: dict[str, dict[str, float]] = {
    "telemetry_store.metrics.storage": {"_LOOK_SECONDS": 0.2, "CHECKPOINT_SECONDS": 0.2},
    "telemetry_store.logs.storage": {"_LOOK_SECONDS": 0.2, "_HEAD_SECONDS": 0.2},
    "telemetry_store.traces.storage": {"_LOOK_SECONDS": 0.2, "_IDLE_SECONDS": 0.2, "_FEWEST_SPANS": 1},
    "telemetry_store.retention": {"INTERVAL_SECONDS": 0.3},
}

if __name__ == "__main__":
    for name, constants in _EAGER.items():
        module = import_module(name)
        for constant, value in constants.items():
            getattr(module, constant)
            setattr(module, constant, value)
    sys.exit(server.run(parse_arguments()))
