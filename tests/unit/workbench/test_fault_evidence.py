"""What an instructor is told of a fault that was switched on: whether it shows, and what may be in the way."""

import pytest


@pytest.mark.parametrize(
    ("holding", "seconds", "said"),
    [
        (2, 5, "It shows now, all of it:"),
        (1, 5, "1 of 2 are as they should be. It takes up to 20 s;"),
        (0, 61, "0 of 2 are as they should be. That is late: is there traffic of 8 requests per second"),
    ],
)
def test_it_is_said_how_much_of_a_fault_shows(module, holding, seconds, said):
    findings = [{"holds": number < holding} for number in range(2)]
    fault = {"seconds": seconds, "secondsToEffect": 20, "needsRps": 8}

    told = module("faults/evidence_view.js", "(m, [findings, fault]) => m.summary(findings, fault)", [findings, fault])

    assert told.startswith(said)


@pytest.mark.parametrize(
    ("over", "seconds", "said"),
    [
        (2, 5, "All is as it was before."),
        (1, 5, "1 of 2 are as they were before. It takes up to 40 s;"),
        (0, 121, "0 of 2 are as they were before. That is late: is something else on"),
    ],
)
def test_it_is_said_how_much_is_as_before_once_it_is_off(module, over, seconds, said):
    findings = [{"holds": number < over} for number in range(2)]
    fault = {"seconds": seconds, "secondsToRecovery": 30}

    told = module(
        "faults/evidence_view.js", "(m, [findings, fault]) => m.summaryOfRecovery(findings, fault)", [findings, fault]
    )

    assert told.startswith(said)
