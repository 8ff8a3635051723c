"""Which spans have a row."""

import json

import pytest

from tests.unit.workbench.trace.traces import PARSED, answer, hex_id, span

_SPANS = [
    span("root", 0, 100),
    span("a", 0, 50, "root"),
    span("a1", 0, 10, "a"),
    span("a2", 20, 30, "a"),
    span("b", 60, 90, "root"),
    span("b1", 60, 70, "b"),
]


def _rows(module, collapsed=(), matches=None):
    """Names of the rows; with `matches` only what leads to them."""
    look = json.dumps(
        {"collapsed": [hex_id(name) for name in collapsed], "matches": [hex_id(name) for name in matches or ()]}
    )
    shown = f"""
      const look = {look};
      const matches = {json.dumps(matches is not None)} ? new Set(look.matches) : null;
      const onlyMatches = matches !== null;
      const rows = m.rowsShown(traces[0], {{ collapsed: new Set(look.collapsed), matches, onlyMatches }});
      return rows.map((row) => row.name);
    }}"""
    return module("trace/rows.js", PARSED + shown, [answer(_SPANS)])


@pytest.mark.parametrize(
    ("collapsed", "expected"),
    [
        ((), ["root", "a", "a1", "a2", "b", "b1"]),
        (("a",), ["root", "a", "b", "b1"]),
        (("a", "b"), ["root", "a", "b"]),
        (("root", "a"), ["root"]),
        (("b1",), ["root", "a", "a1", "a2", "b", "b1"]),
    ],
)
def test_what_is_under_a_collapsed_span_has_none(module, collapsed, expected):
    assert _rows(module, collapsed) == expected


def test_with_matches_alone_what_leads_to_them_stays(module):
    assert _rows(module, matches=["a2"]) == ["root", "a", "a2"]
    assert _rows(module, matches=["a2", "b"]) == ["root", "a", "a2", "b"]
    assert _rows(module, collapsed=["a"], matches=["a2"]) == ["root", "a"]
    assert _rows(module, matches=[]) == []


def test_a_depth_collapses_what_is_deeper(module):
    depths = PARSED + "return [1, 2, 3].map((depth) => m.collapsedFrom(traces[0], depth).size); }"
    assert module("trace/rows.js", depths, [answer(_SPANS)]) == [3, 2, 0]
