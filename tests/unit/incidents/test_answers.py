"""Answers: what can be typed or sent, and what is said when it cannot be understood."""

import pytest

from lab.incidents.answers import Answer, AnswerError, Cause, parse_json, parse_moment, parse_words
from lab.incidents.labels import Labels

NOW = 1_700_000_000.0


def test_a_cause_is_a_service_a_component_a_kind_and_who_suffers(labels: Labels) -> None:
    answer = parse_words(["database/inventory-table/missing_index > backend > frontend"], None, labels, NOW)
    assert answer == Answer(
        True, None, (Cause("database", "inventory-table", "missing_index", ("backend", "frontend")),)
    )


def test_the_service_alone_is_enough(labels: Labels) -> None:
    assert parse_words(["backend"], None, labels, NOW).causes == (Cause("backend"),)


@pytest.mark.parametrize("word", ["none", "no", "NONE"])
def test_nothing_is_an_answer(word: str, labels: Labels) -> None:
    assert parse_words([word], None, labels, NOW) == Answer(fault=False)


def test_yes_with_a_moment(labels: Labels) -> None:
    assert parse_words(["yes"], "45s", labels, NOW) == Answer(True, NOW - 45)


@pytest.mark.parametrize(
    ("words", "since", "problem"),
    [
        ([], None, "say yes or none"),
        (["nobody"], None, "there is no service 'nobody'; there are frontend, backend, database, visitors"),
        (["backend/tyres"], None, "there is no component 'tyres'"),
        (["backend/cache/fire"], None, "there is no kind 'fire'"),
        (["backend > "], None, "is not in the form"),
        (["backend/cache/cpu_saturation/more"], None, "is not in the form"),
        (["none"], "45s", "no moment since when"),
        (["yes"], "yesterday", "is no moment"),
        (["yes"], "25:00", "is no moment"),
        (["backend", "frontend", "database", "visitors", "backend", "frontend"], None, "at most 5 causes"),
    ],
)
def test_what_cannot_be_understood_is_said(words: list[str], since: str | None, problem: str, labels: Labels) -> None:
    with pytest.raises(AnswerError, match=problem):
        parse_words(words, since, labels, NOW)


def test_json_is_the_same_answer(labels: Labels) -> None:
    words = parse_words(["database/connection-pool/connection_leak > backend"], "30s", labels, NOW)
    assert parse_json(words.as_json(), labels) == words


@pytest.mark.parametrize(
    "content",
    [
        [],
        "yes",
        {},
        {"fault": "yes"},
        {"fault": True, "since": "now"},
        {"fault": True, "since": float("nan")},
        {"fault": True, "since": True},
        {"fault": True, "since": 10**400},
        {"fault": True, "since": float("inf")},
        {"fault": True, "causes": "backend"},
        {"fault": True, "causes": [{"service": 7}]},
        {"fault": True, "causes": [{"service": "backend", "colour": "red"}]},
        {"fault": True, "causes": [{"service": "backend", "victims": [1]}]},
        {"fault": True, "causes": [{}]},
        {"fault": True, "causes": [{"service": {}}]},
        {"fault": True, "causes": [{"service": "backend", "component": []}]},
        {"fault": True, "causes": [None]},
        {"words": ["none"], "since": None},
        {"fault": False, "causes": [{"service": "backend"}]},
        {"fault": True, "score": 1},
    ],
)
def test_json_of_another_form_is_refused(content: object, labels: Labels) -> None:
    with pytest.raises(AnswerError):
        parse_json(content, labels)


@pytest.mark.parametrize(
    ("text", "seconds_ago"), [("45s", 45), ("2m", 120), ("2m10s", 130), ("1.5s ago", 1.5), ("1699999990", 10)]
)
def test_moments(text: str, seconds_ago: float) -> None:
    assert parse_moment(text, NOW) == NOW - seconds_ago


def test_a_time_of_day_is_the_last_one() -> None:
    import time

    moment = parse_moment("14:03:20", NOW)
    assert NOW - 86_400 <= moment <= NOW + 60
    assert time.strftime("%H:%M:%S", time.localtime(moment)) == "14:03:20"


def test_what_a_program_does_not_know_it_may_say_with_null(labels: Labels) -> None:
    cause = {"service": "backend", "component": None, "kind": None, "victims": None}
    assert parse_json({"fault": True, "causes": [cause]}, labels) == Answer(True, causes=(Cause("backend"),))
