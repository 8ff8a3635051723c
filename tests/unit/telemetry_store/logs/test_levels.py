"""`detected_level`, as Loki 3.7 gives it (its own answers to these lines)."""

from __future__ import annotations

import pytest

from telemetry_store.logs.ingest import check
from telemetry_store.logs.levels import level_of_labels, level_of_line, level_of_metadata
from telemetry_store.logs.push_json import PushedStream

LINES = {
    "": "unknown",
    "nothing to see": "unknown",
    "an ERROR in capitals": "error",
    "errors are no error:": "error",
    "errors alone": "unknown",
    "misc:error": "unknown",
    "[warn] info": "warn",
    "2026 [DEBUG] info": "debug",
    "INFO[0001] information level Level=error": "info",
    "level=err msg=info": "error",
    'msg="an error level=fatal" severity=critical SEVERITY=inf': "critical",
    'msg="an error level=fatal" severity=critical level': "error",
    "level= error": "error",
    "lvl=DBG level=warn": "warn",
    "log.level=trace": "trace",
    "a=b c error=none = {info} SEVERITY=inf": "error",
    "é = errors lvl=DBG information": "unknown",
    "level=odd fatal": "fatal",
    '{"level":"WARNING","msg":"error in it"}': "warn",
    '{"msg":"an error"}': "error",
    '{"level":5,"lvl":"dbg"}': "debug",
    '{"log":{"level":"debug"},"severity":"error"}': "debug",
    '{"log":{"x":{"level":"dbg"}}}': "unknown",
    '  {"Level":"inf"} ': "info",
    '{"level":"dbg"': "unknown",
    "{broken": "unknown",
}


@pytest.mark.parametrize(("line", "level"), LINES.items())
def test_a_line_states_its_level(line: str, level: str) -> None:
    assert level_of_line(line.encode()) == level


def test_a_label_states_the_level_before_the_line_does() -> None:
    assert level_of_labels({"service": "a", "level": "INFO"}) == "info"
    assert level_of_labels({"severity": "odd"}) == "odd"
    assert level_of_labels({"lvl": "warn", "severity": "error"}) == "error"
    assert level_of_labels({"service": "error"}) is None


@pytest.mark.parametrize(
    ("number", "level"),
    [
        ("9", "info"),
        ("13", "warn"),
        ("24", "fatal"),
        ("25", "unknown"),
        ("0", "unknown"),
        ("-1", "trace"),
        ("x", "info"),
    ],
)
def test_a_severity_number_states_the_level(number: str, level: str) -> None:
    assert level_of_metadata({"severity_number": number}) == level
    assert level_of_metadata({"severity_number": number, "severity_text": "Warn"}) == "warn"


def test_a_level_that_was_pushed_is_kept_and_none_is_looked_for_when_that_is_off() -> None:
    entries = [(1, b"error", (("detected_level", "WARNING"),)), (2, b"error", ()), (3, b"error", (("level", "x"),))]
    labels = (("service_name", "a"),)
    streams = [PushedStream(dict(labels), list(entries))]
    assert check(streams).batch[labels].levels == ["warn", "error", "x"]
    assert check(streams, discover_levels=False).batch[labels].levels == ["WARNING", "", ""]
