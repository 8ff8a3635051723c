"""A shop that is asked a few things, and telemetry of it, made by hand."""

from pathlib import Path

import pytest

from lab.exercises.services.description import Neighbour, Requests, Service
from lab.exercises.services.observed import Family, Observed, Sample, Scrape, SeenSpan, Sent

SALES, REFUSED, HEALTH = "sales", "refused", "health"


def trace_id(number):
    return f"{number:032x}"


@pytest.fixture
def service():
    return Service(
        Path("exercises/90-shop"),
        "shop",
        (
            Requests(HEALTH, "GET", "/health", times=4),
            Requests(SALES, "POST", "/sales", times=3, answers=201, seconds=0.1, at_once=True),
            Requests(REFUSED, "POST", "/sales", times=2, answers=409, seconds=0.1),
        ),
        Neighbour("the bank", "BANK_URL"),
        personal=("name",),
    )


@pytest.fixture
def observe(service):
    """What is seen when all requests are answered as they should be, with whatever arrives."""

    def observe(**arrives):
        sent = []
        for one in service.sends:
            personal = ("Grace Hopper",) if one.method == "POST" else ()
            sent += [
                Sent(one.name, trace_id(len(sent) + n + 1), one.answers, one.seconds + 0.01, personal)
                for n in range(one.times)
            ]
        return Observed(**{"sent": tuple(sent), "scrapes_before": 6, **arrives})

    return observe


def traces(observed, *names):
    return [one.trace_id for one in observed.sent if one.of in names]


def scrape(name, type, *samples):
    return Scrape((Family(name, type, tuple(samples)),))


def counter(*values):
    """Each a value, with labels perhaps."""
    return scrape("shop_sales", "counter", *(Sample("shop_sales_total", dict(labels), one) for one, labels in values))


def request_spans(observed):
    """The spans that requests have by themselves: the id ends in 1."""
    return tuple(
        SeenSpan(one.trace_id, f"{one.trace_id[-15:]}1", "00f067aa0ba902b7", "POST /sales", "server")
        for one in observed.sent
    )


def child_span(of_trace, **changes):
    fields = {
        "span_id": f"{of_trace[-15:]}2",
        "parent_span_id": f"{of_trace[-15:]}1",
        "name": "pay",
        "kind": "internal",
        "seconds": 0.1,
    }
    return SeenSpan(of_trace, **{**fields, **changes})
