"""Whether a trace holds a tree: the checker that the tests of the flows rely on."""

from __future__ import annotations

import pytest

from lab.paths import REPOSITORY
from tests.span_trees import SeenSpan, missing, read_trace, read_tree

TREE = """\
gateway: POST /order
  manager: place
    redis: GET limits
    postgresql: INSERT
  manager: done
"""

SPANS = {
    "1": ("", "gateway", "POST /order"),
    "2": ("1", "", "POST"),
    "3": ("2", "manager", "place"),
    "4": ("3", "redis", "GET limits"),
    "5": ("3", "postgresql", "INSERT"),
    "6": ("1", "manager", "done"),
}


def trace(**changes: tuple[str, str, str] | None) -> list[SeenSpan]:
    """SPANS, each begun after the one before it, with changes: `_4=None` leaves a span out."""
    spans = {**SPANS, **{name.lstrip("_"): span for name, span in changes.items()}}
    return [
        SeenSpan(id, span[0], span[1], span[2], started)
        for started, (id, span) in enumerate(spans.items(), start=1)
        if span
    ]


def test_a_trace_holds_a_tree_with_other_spans_in_between() -> None:
    assert missing(read_tree(TREE), trace()) == []


@pytest.mark.parametrize(
    ("changes", "lacking"),
    [
        ({"_1": None}, ["gateway: POST /order"]),
        ({"_4": None}, ["gateway: POST /order > manager: place > redis: GET limits"]),
        ({"_5": ("3", "redis", "INSERT")}, ["gateway: POST /order > manager: place > postgresql: INSERT"]),
        ({"_5": ("1", "postgresql", "INSERT")}, ["gateway: POST /order > manager: place > postgresql: INSERT"]),
    ],
)
def test_what_is_missing_is_named(changes: dict[str, tuple[str, str, str] | None], lacking: list[str]) -> None:
    assert missing(read_tree(TREE), trace(**changes)) == lacking


@pytest.mark.parametrize(
    ("answered", "lacking"),
    [
        ("GET /limits/<id> 404", []),
        ("GET /limits/<id> 200", ["manager: place @ GET /limits/<id> 404"]),
        ("", ["manager: place @ GET /limits/<id> 404"]),
    ],
)
def test_a_request_that_is_written_has_to_be_that_one(answered: str, lacking: list[str]) -> None:
    tree = read_tree("manager: place @ GET /limits/<id> 404")
    assert missing(tree, [SeenSpan("1", "", "manager", "place", 1, answered)]) == lacking


def test_what_begins_in_another_order_does_not_fit() -> None:
    swapped = trace(_4=("3", "postgresql", "INSERT"), _5=("3", "redis", "GET limits"))
    assert missing(read_tree(TREE), swapped) != []


def test_what_is_marked_begins_at_any_time() -> None:
    swapped = trace(_4=("3", "postgresql", "INSERT"), _5=("3", "redis", "GET limits"))
    assert missing(read_tree(TREE.replace("postgresql", "~ postgresql")), swapped) == []
    without = trace(_5=None)
    assert missing(read_tree(TREE.replace("postgresql", "~ postgresql")), without) != []


def test_the_first_that_fits_may_not_be_the_one() -> None:
    doubled = [SeenSpan("0", "1", "manager", "place", 1), *trace()]
    assert missing(read_tree(TREE), doubled) == []


def test_labels_are_services_but_for_the_scopes_that_stand_for_themselves() -> None:
    def span(id: str, kind: str, name: str) -> dict[str, object]:
        attributes = [
            {"key": "http.request.method", "value": {"stringValue": "POST"}},
            {"key": "http.response.status_code", "value": {"intValue": "200"}},
            *([{"key": "http.route", "value": {"stringValue": "/block"}}] if kind == "SPAN_KIND_SERVER" else []),
        ]
        return {
            "spanId": id * 16,
            "parentSpanId": "",
            "kind": kind,
            "name": name,
            "startTimeUnixNano": "1",
            "attributes": attributes,
        }

    content = {
        "batches": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "wallet-service"}}]},
                "scopeSpans": [
                    {"scope": {"name": "flask"}, "spans": [span("a", "SPAN_KIND_SERVER", "block_funds")]},
                    {"scope": {"name": "postgresql"}, "spans": [span("b", "SPAN_KIND_CLIENT", "UPDATE wallets")]},
                    {"scope": {"name": "requests"}, "spans": [span("c", "SPAN_KIND_CLIENT", "GET")]},
                ],
            }
        ]
    }
    assert [(each.label, each.name, each.request) for each in read_trace(content)] == [
        ("wallet-service", "block_funds", "POST /block 200"),
        ("postgresql", "UPDATE wallets", ""),
        ("", "GET", ""),
    ]


def test_every_flow_is_written_as_a_tree() -> None:
    files = sorted((REPOSITORY / "tests/data/exchange").glob("*.txt"))
    assert len(files) == 8
    for file in files:
        root = read_tree(file.read_text(encoding="utf-8"))
        assert root.label == "client-gateway", file.name
        assert root.inside, file.name
