"""Patterns of lines."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_store.logs.patterns import VARIABLE, Miner


def mine(*lines: str) -> dict[str, int]:
    miner = Miner()
    for line in lines:
        miner.add(line, "info", 0)
    return {pattern.text: sum(pattern.counts.values()) for pattern in miner.patterns()}


def matches(pattern: str, line: str) -> bool:
    """Whether a line is like the pattern, `<_>` standing for any text that is not empty."""
    return re.fullmatch(".+".join(map(re.escape, pattern.split(VARIABLE))), line, re.DOTALL) is not None


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        ("", None),
        (" \t", None),
        ("ready", "ready"),
        ("two  blanks stay", "two  blanks stay"),
        ("took 1.5s, 17 rows", "took <_>, <_> rows"),
        ("trace 3c4d93509e7a7aad of c0ffee", "trace <_> of <_>"),
        ("[1,2,3] of 10.0.0.1:80", "[<_>] of <_>"),
        ("GET /user/17?page=2", "GET /user/<_>?page=<_>"),
        ('level=info msg="17 users came" took=3ms', 'level=info msg="<_> users came" took=<_>'),
        ('{"level":"info","message":"User 4 came","at":1.5}', '{"level":"info","message":"User <_> came","at":<_>}'),
        ("a" * 4_000, "a" * 3_000 + VARIABLE),
    ],
)
def test_a_line_alone_is_its_own_pattern_but_for_words_with_digits(line: str, pattern: str | None) -> None:
    assert list(mine(line)) == ([] if pattern is None else [pattern])


def test_words_with_digits_are_variable_from_the_start() -> None:
    assert mine("GET /users/17 took 5ms", "GET /users/4 took 12ms") == {"GET /users/<_> took <_>": 2}
    assert mine("at 2026-11-21T05:40:01.5Z from 10.0.0.1:80") == {"at <_> from <_>": 1}
    assert mine('{"user":5,"id":"a7f"}') == {'{"user":<_>,"id":"<_>"}': 1}


def test_words_in_which_lines_differ_become_variable() -> None:
    assert mine("user alice logged in", "user bob logged in", "user carol logged out") == {"user <_> logged <_>": 3}


def test_what_json_lines_say_tells_them_apart_whatever_else_they_share() -> None:
    line = '{{"level":"info","service":"shop","message":"{}","cache":"{}","id":{}}}'
    lines = [
        line.format("Fetching user data", "hit", 1),
        line.format("Saving order list", "miss", 2),
        line.format("Fetching order data", "miss", 3),
    ]
    assert mine(*lines) == {
        '{"level":"info","service":"shop","message":"Fetching <_> data","cache":"<_>","id":<_>}': 2,
        '{"level":"info","service":"shop","message":"Saving order list","cache":"miss","id":<_>}': 1,
    }


def test_lines_with_other_keys_stay_apart() -> None:
    assert mine("msg=done user=ann", "msg=done user=bob", "msg=done shop=ann") == {
        "msg=done user=<_>": 2,
        "msg=done shop=ann": 1,
    }


def test_streams_do_not_blur_each_other_and_share_what_reads_the_same() -> None:
    miner = Miner()
    for stream, line in ((1, "user ann came"), (2, "user bob came"), (1, "all well"), (2, "all well")):
        miner.add(line, "info", 0, stream)
    assert {pattern.text: pattern.counts for pattern in miner.patterns()} == {
        "all well": {0: 2},
        "user ann came": {0: 1},
        "user bob came": {0: 1},
    }


def test_lines_that_have_little_in_common_stay_apart() -> None:
    assert mine("user alice logged in", "user alice bought some milk", "cache is cold") == {
        "cache is cold": 1,
        "user alice bought some milk": 1,
        "user alice logged in": 1,
    }


def test_counts_go_by_level_and_step_and_the_most_frequent_comes_first() -> None:
    miner = Miner()
    for step, level in ((0, "info"), (60, "info"), (60, "info"), (0, "error")):
        miner.add("request done", level, step)
    first, second = miner.patterns()
    assert (first.level, first.counts) == ("info", {0: 1, 60: 2})
    assert (second.level, second.counts) == ("error", {0: 1})


_WORDS = st.sampled_from(["user", "ann", "17", "3ms", "GET", "/a/b", "<_>", "ok", "4e", "k=v", "n=8"])
_SENTENCES = st.lists(_WORDS, max_size=6).map(" ".join)
_OBJECTS = st.builds('{{"msg":"{}","id":"{}"}}'.format, _SENTENCES, _WORDS)


@given(st.lists(st.text(max_size=40) | _SENTENCES | _OBJECTS, max_size=20))
def test_every_line_is_counted_once_and_matches_a_pattern(lines: list[str]) -> None:
    found = mine(*lines)
    lines = [line for line in lines if line and not line.isspace()]
    assert sum(found.values()) == len(lines)
    for line in lines:
        assert any(matches(pattern, line) for pattern in found), line


def test_no_end_of_different_lines_stays_bounded() -> None:
    words = [chr(97 + i % 26) * (1 + i % 40) for i in range(3_000)]
    found = mine(*(f"{a} {b} {c}" for a, b, c in zip(words, words[7:], words[91:], strict=False)))
    assert 0 < len(found) <= 1_000
