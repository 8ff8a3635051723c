"""Loki's patterns over HTTP: what the lines of a selector have in common."""

from __future__ import annotations

import json
import time
from typing import Any

PATTERNS = "/loki/api/v1/patterns"

#: A full minute some minutes ago, so that every line lies in steps that the range holds whole.
START = int(time.time()) // 60 * 60 - 600
SPAN = {"start": START, "end": START + 60}

SELECTOR = '{service_name="patterns"}'


def push(store: Any, **labels: str) -> None:
    """A minute of lines, one every second: requests that come and go, and failures of every tenth."""
    values = []
    for second in range(60):
        instant = str((START + second) * 10**9)
        line = {"timestamp": f"{START + second}", "message": f"User {second} came", "trace_id": f"{second:032x}"}
        values.append([instant, json.dumps(line, separators=(",", ":")), {"level": "info"}])
        if second % 10 == 0:
            values.append([instant, f'level=error msg="cannot reach shop" took={second}ms', {"level": "error"}])
    answer = store.post("loki", "/loki/api/v1/push", {"streams": [{"stream": labels, "values": values}]})
    assert answer.status == 204, answer.text


def test_patterns_come_with_level_and_counts_by_step_and_find_their_lines(store: Any) -> None:
    push(store, service_name="patterns")
    answer = store.get("loki", PATTERNS, query=SELECTOR, **SPAN, step="10s").json
    assert answer == {
        "status": "success",
        "data": [
            {
                "pattern": '{"timestamp":"<_>","message":"User <_> came","trace_id":"<_>"}',
                "level": "info",
                "samples": [[START + second, 10] for second in range(0, 60, 10)],
            },
            {
                "pattern": 'level=error msg="cannot reach shop" took=<_>',
                "level": "error",
                "samples": [[START + second, 1] for second in range(0, 60, 10)],
            },
        ],
    }
    for found in answer["data"]:
        query = f"{SELECTOR} |> `{found['pattern']}`"
        (stream,) = store.get("loki", "/loki/api/v1/query_range", query=query, **SPAN, limit=100).json["data"]["result"]
        assert len(stream["values"]) == sum(count for _, count in found["samples"])


def test_steps_are_at_least_ten_seconds_and_begin_at_multiples(store: Any) -> None:
    push(store, service_name="steps")
    for step, count in (("1s", 10), ("30s", 30), ("1m", 60)):
        found = store.get("loki", PATTERNS, query='{service_name="steps"}', **SPAN, step=step).json["data"][0]
        assert found["samples"] == [[START + second, count] for second in range(0, 60, count)]


def test_nothing_that_fits_gives_no_patterns(store: Any) -> None:
    answer = store.get("loki", PATTERNS, query='{service_name="nowhere"}', **SPAN)
    assert answer.json == {"status": "success", "data": []}


def test_what_cannot_be_asked_is_refused_in_lokis_words(store: Any) -> None:
    for parameters, words in (
        ({"query": "{"}, "parse error"),
        ({"query": '{a=~".*"}'}, "queries require at least one regexp or equality matcher"),
        ({"query": SELECTOR + ' |= "x"'}, "only label matchers are supported"),
        ({"query": SELECTOR, "step": "-1"}, "zero or negative query resolution step widths are not accepted"),
        ({"query": SELECTOR, "end": START + 36_000, "step": "1"}, "exceeded maximum resolution of 11,000 points"),
        ({"query": SELECTOR, "start": "soon"}, "could not parse 'start' parameter"),
    ):
        answer = store.get("loki", PATTERNS, **{**SPAN, **parameters})
        assert (answer.status, words in answer.text) == (400, True), answer.text
