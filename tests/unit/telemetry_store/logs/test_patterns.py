"""Patterns of lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from telemetry_store.logs.patterns import VARIABLE, Miner


def mine(*lines: str) -> dict[str, int]:
    miner = Miner()
    for line in lines:
        miner.add(line, "info", 0)
    return {pattern.text: sum(pattern.counts.values()) for pattern in miner.patterns()}


def test_words_with_digits_are_variable_from_the_start() -> None:
    assert mine("GET /users/17 took 5ms", "GET /users/4 took 12ms") == {"GET /users/<_> took <_>": 2}
    assert mine("at 2026-11-21T05:40:01.5Z from 10.0.0.1:80") == {"at <_> from <_>": 1}
    assert mine('{"user":5,"id":"a7f"}') == {'{"user":<_>,"id":"<_>"}': 1}


def test_words_in_which_lines_differ_become_variable() -> None:
    assert mine("user alice logged in", "user bob logged in", "user carol logged out") == {"user <_> logged <_>": 3}


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


@given(st.lists(st.text(max_size=40), max_size=20))
def test_any_lines_are_counted_at_most_once(lines: list[str]) -> None:
    assert sum(mine(*lines).values()) == sum(bool(line.split()) for line in lines)


def test_no_end_of_different_lines_stays_bounded() -> None:
    words = [chr(97 + i % 26) * (1 + i % 40) for i in range(3_000)]
    found = mine(*(f"{a} {b} {c}" for a, b, c in zip(words, words[7:], words[91:], strict=False)))
    assert 0 < len(found) <= 1_000
    assert mine(" ".join(["word"] * 200)) == {" ".join(["word"] * 80 + [VARIABLE]): 1}
