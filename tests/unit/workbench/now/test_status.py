"""How services, calls and systems are, from numbers and alerts: states and sentences."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser import Modules


def alert(name: str = "HighLatency", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "state": "firing",
        "severity": "page",
        "service": "backend",
        "labels": {},
        "since": 1_800_000_000,
        "summary": f"{name} of {more.get('service', 'backend')}",
        "query": "",
        **more,
    }


@pytest.mark.parametrize(
    ("numbers", "alerts", "status", "word"),
    [
        ({"up": 1, "requests": 2.1, "errors": 0}, [], "good", "good"),
        # A service that cannot be scraped is down, whatever else is known of it.
        ({"up": 0, "requests": 2.1, "errors": 0}, [], "bad", "down"),
        ({"up": 0}, [alert()], "bad", "down"),
        ({"up": 1, "requests": 2.1}, [alert()], "bad", "broken"),
        ({"up": 1, "requests": 2.1}, [alert(severity="ticket")], "warning", "at risk"),
        ({"up": 1, "requests": 2.1}, [alert(state="pending")], "warning", "at risk"),
        ({"up": 1, "requests": 2.1}, [alert(severity="ticket"), alert()], "bad", "broken"),
        ({"up": 1, "requests": 0}, [], "unknown", "idle"),
        ({"up": 1}, [], "unknown", "idle"),
        # Nobody scrapes it, but spans tell of it.
        ({"requests": 0.4}, [], "good", "good"),
        ({}, [], "unknown", "no data"),
    ],
)
def test_a_service_is_as_its_target_and_its_alerts_say(
    module: Modules, numbers: dict[str, float], alerts: list[Any], status: str, word: str
) -> None:
    state = module("now/status.js", "(m, [n, a]) => m.stateOfService(n, a)", [numbers, alerts])
    assert (state["status"], state["word"]) == (status, word)


@pytest.mark.parametrize(
    ("call", "around", "status", "word"),
    [
        ({"calls": 2, "errors": 0}, {}, "good", "good"),
        ({"calls": 2, "errors": 0.01}, {}, "good", "good"),
        ({"calls": 2, "errors": 0.02}, {}, "bad", "broken"),
        ({"calls": 2, "errors": 0, "p95": 0.6}, {}, "bad", "broken"),
        ({"calls": 2, "errors": 0}, {"alerts": [alert(severity="ticket")]}, "warning", "at risk"),
        ({"calls": 2, "errors": 0}, {"server": {"up": 0}}, "bad", "no answer"),
        ({}, {"server": {"up": 0}}, "bad", "no answer"),
        ({}, {}, "unknown", "no calls"),
        ({"calls": 0, "errors": 0}, {}, "unknown", "no calls"),
    ],
)
def test_a_call_is_as_its_failures_and_its_callee_are(
    module: Modules, call: dict[str, float], around: dict[str, Any], status: str, word: str
) -> None:
    state = module("now/status.js", "(m, [c, a]) => m.stateOfCall(c, a)", [call, {"alerts": [], **around}])
    assert (state["status"], state["word"]) == (status, word)


def service(name: str, **more: Any) -> dict[str, Any]:
    numbers = {"up": 1, "requests": 2.13, "errors": 0, "p95": 0.0234}
    return {"name": name, "numbers": numbers, "state": {"status": "good"}, "downSince": None, **more}


CHAIN = [service("frontend"), service("backend"), service("database")]
DOWN = {"numbers": {"up": 0}, "state": {"status": "bad"}}
BROKEN = {"state": {"status": "bad"}}
FAILING = {"numbers": {"up": 1, "requests": 2.0, "errors": 0.034, "p95": 0.5}}
QUIET = {"numbers": {"up": 1}, "state": {"status": "unknown"}}


@pytest.mark.parametrize(
    ("services", "alerts", "status", "headline", "detail"),
    [
        (
            CHAIN,
            [],
            "good",
            "All three services answer, and no request fails.",
            "Frontend gets 2.1 requests per second, none fails; 95 of 100 are answered within 23 ms.",
        ),
        (
            [service("frontend", **FAILING), *CHAIN[1:]],
            [],
            "good",
            "All three services answer; 3.4\u00a0% of the requests fail.",
            "Frontend gets 2.0 requests per second, 3.4\u00a0% of them fail; 95 of 100 are answered within 500 ms.",
        ),
        (
            [*CHAIN[:2], service("database", **DOWN)],
            [],
            "bad",
            "Database does not answer.",
            "Frontend gets 2.1 requests per second, none fails; 95 of 100 are answered within 23 ms.",
        ),
        (
            [CHAIN[0], service("backend", **BROKEN), service("database", **DOWN)],
            [alert(), alert("TargetDown", service="database")],
            "bad",
            "Database does not answer: 2 alerts fire.",
            (
                "Backend is broken with it. Frontend gets 2.1 requests per second, none fails; 95 of 100 are answered"
                " within 23 ms."
            ),
        ),
        (
            [service(name, **DOWN) for name in ("frontend", "backend", "database")],
            [],
            "bad",
            "Frontend, backend and database do not answer.",
            "",
        ),
        (
            CHAIN,
            [alert()],
            "bad",
            "All three services answer, but 1 alert fires.",
            (
                "HighLatency of backend. Frontend gets 2.1 requests per second, none fails; "
                "95 of 100 are answered within 23 ms."
            ),
        ),
        (
            CHAIN,
            [alert(state="pending")],
            "warning",
            "All three services answer, but something looks wrong.",
            (
                "HighLatency of backend. An alert about it waits to be sure. Frontend gets 2.1 requests per second, "
                "none fails; 95 of 100 are answered within 23 ms."
            ),
        ),
        (
            [service(name, **QUIET) for name in ("frontend", "backend", "database")],
            [],
            "unknown",
            "All three services answer, but nobody asks.",
            "No request came in the last minute: open a page of the system, or let visitors come (python3 lab load).",
        ),
        ([CHAIN[0]], [], "good", "Frontend answers, and no request fails.", None),
    ],
)
def test_the_sentence_says_how_the_system_is(
    module: Modules, services: list[Any], alerts: list[Any], status: str, headline: str, detail: str | None
) -> None:
    system = {"services": services, "entry": "frontend", "alerts": alerts, "hasData": True}
    told = module("now/status.js", "(m, system) => m.sentence(system)", system)
    assert (told["status"], told["headline"]) == (status, headline)
    assert detail is None or told["detail"] == detail


def test_the_sentence_says_since_when(module: Modules) -> None:
    at = 1_800_000_000
    clock = module("format/time.js", "(m, at) => m.clock(at)", at)
    services = [CHAIN[0], service("backend", **DOWN, downSince=at)]
    system = {"services": services, "entry": "frontend", "alerts": [], "hasData": True}
    told = module("now/status.js", "(m, system) => m.sentence(system)", system)
    assert told["headline"] == f"Backend has not answered since {clock}."


def test_a_lab_that_has_just_started_says_so(module: Modules) -> None:
    system = {"services": [service("frontend", numbers={})], "entry": "frontend", "alerts": [], "hasData": False}
    told = module("now/status.js", "(m, system) => m.sentence(system)", system)
    assert (told["status"], told["headline"]) == ("unknown", "The lab has just started.")


@pytest.mark.parametrize(
    ("function", "value", "text"),
    [
        ("amount", 0, "0"),
        ("amount", 0.04, "<0.1"),
        ("amount", 0.26, "0.3"),
        ("amount", 9.94, "9.9"),
        ("amount", 9.96, "10"),
        ("amount", 341.2, "341"),
        ("amount", 1234, "1.2\u00a0k"),
        ("amount", 45_678, "46\u00a0k"),
        ("amount", 1_500_000, "1.5\u00a0M"),
        ("amount", None, "–"),
        ("rate", 2.13, "2.1/s"),
        ("percent", 0, "0\u00a0%"),
        ("percent", 0.0004, "<0.1\u00a0%"),
        ("percent", 0.004, "0.4\u00a0%"),
        ("percent", 0.05, "5\u00a0%"),
        ("percent", 0.341, "34\u00a0%"),
        ("percent", 1, "100\u00a0%"),
        ("percent", -0.39, "-39\u00a0%"),
        ("time", 0.02345, "23 ms"),
        ("time", 2.345, "2.3 s"),
        ("time", None, "–"),
    ],
)
def test_numbers_are_short(module: Modules, function: str, value: Any, text: str) -> None:
    assert module("format/amounts.js", "(m, [name, value]) => m[name](value ?? NaN)", [function, value]) == text


@pytest.mark.parametrize(
    ("function", "value", "text"),
    [
        ("listed", ["a"], "a"),
        ("listed", ["a", "b", "c"], "a, b and c"),
        ("counted", 3, "three"),
        ("counted", 14, "14"),
        ("alertsFire", 1, "1 alert fires"),
        ("alertsFire", 2, "2 alerts fire"),
    ],
)
def test_words_are_those_of_sentences(module: Modules, function: str, value: Any, text: str) -> None:
    assert module("now/words.js", "(m, [name, value]) => m[name](value)", [function, value]) == text
