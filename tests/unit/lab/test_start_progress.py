"""What is said while a lab starts."""

import pytest

from lab.commands.start_progress import describe
from lab.run_state import ProcessState


def process(name, phase):
    return ProcessState(name, "service", "exchange", None, None, None, [], phase=phase)


@pytest.mark.parametrize(
    ("phases", "sentence"),
    [
        ({}, "Starting the lab …"),
        ({"telemetry_store": "starting", "user-service": "waiting"}, "0 of 2 ready, waiting for telemetry_store …"),
        (
            {"telemetry_store": "ready", "a": "starting", "b": "starting", "c": "ready"},
            "2 of 4 ready, waiting for a, b …",
        ),
        (dict.fromkeys("abcdef", "starting"), "0 of 6 ready, waiting for a, b, c, d and 2 more …"),
        ({"a": "ready"}, "1 of 1 ready …"),
    ],
)
def test_who_is_waited_for_is_named(phases, sentence):
    assert describe([process(name, phase) for name, phase in phases.items()]) == sentence
