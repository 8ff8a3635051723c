"""What learners' labs and the instructor send, as JSON objects: read and checked, never trusted.

Each function raises ValueError that says what is wrong and what was expected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.faults.catalogue import Catalogue, UnknownFault
from lab.faults.parameters import chosen_parameters
from workshop.names import clean_name
from workshop.orders import ANSWERS, VERBS, Answer, Wish

_LONGEST_TEXT = 300
_LONGEST_LIST = 100
_LARGEST_NUMBER = 1_000_000
_SHORTEST_TOKEN, _LONGEST_TOKEN = 20, 100


@dataclass(frozen=True)
class Joining:
    name: str
    team: str | None
    #: Made by the learner's machine: who has it is this learner.
    token: str


@dataclass(frozen=True)
class Report:
    """What a learner has opted into telling, and nothing else."""

    lab_is_up: bool
    healthy: int
    processes: int
    #: What is not well, in a sentence.
    problem: str
    solved: int
    exercises: int
    points: int
    points_possible: int
    #: The exercise that the learner is at.
    at: str
    #: Of what the instructor has switched on: what is on still.
    on: tuple[str, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Recipients:
    """Whom an order is for: everybody, a team, or one learner."""

    team: str | None = None
    learner: str | None = None


def read_joining(content: Mapping[str, Any]) -> Joining:
    token = content.get("token")
    if not (isinstance(token, str) and _SHORTEST_TOKEN <= len(token) <= _LONGEST_TOKEN and token.isascii()):
        raise ValueError(f"'token' is a secret text of {_SHORTEST_TOKEN} to {_LONGEST_TOKEN} characters")
    team = content.get("team")
    return Joining(clean_name(content.get("name"), "name"), None if team is None else clean_name(team, "team"), token)


def read_report(content: Mapping[str, Any]) -> Report:
    lab = _object(content, "lab")
    exercises = _object(content, "exercises")
    is_up = lab.get("up")
    if not isinstance(is_up, bool):
        raise ValueError("'up' is true or false")
    return Report(
        lab_is_up=is_up,
        healthy=_number(lab, "healthy"),
        processes=_number(lab, "of"),
        problem=_text(lab, "problem"),
        solved=_number(exercises, "solved"),
        exercises=_number(exercises, "of"),
        points=_number(exercises, "points"),
        points_possible=_number(exercises, "points_possible"),
        at=_text(exercises, "at"),
        on=tuple(_text({"on": one}, "on") for one in _list(content, "on")),
        answers=tuple(_answer(one) for one in _list(content, "answers")),
    )


def read_order(content: Mapping[str, Any], catalogue: Catalogue) -> tuple[Recipients, Wish]:
    """`{to: {everybody: true} | {team} | {learner}, do, fault, set}`. The fault and its parameters exist."""
    return _recipients(_object(content, "to")), _wish(content, catalogue)


def read_name(content: Mapping[str, Any]) -> str:
    """`{learner}`."""
    return clean_name(content.get("learner"), "learner")


def _recipients(to: Mapping[str, Any]) -> Recipients:
    if to == {"everybody": True}:
        return Recipients()
    if list(to) == ["team"]:
        return Recipients(team=clean_name(to["team"], "team"))
    if list(to) == ["learner"]:
        return Recipients(learner=clean_name(to["learner"], "learner"))
    raise ValueError("""'to' is {"everybody": true}, {"team": …} or {"learner": …}""")


def _wish(content: Mapping[str, Any], catalogue: Catalogue) -> Wish:
    verb = next((one for one in VERBS if one == content.get("do")), None)
    if verb is None:
        raise ValueError(f"'do' is one of {', '.join(VERBS)}")
    if verb in ("clear", "reset"):
        return Wish(verb)
    name = content.get("fault")
    if not isinstance(name, str):
        raise ValueError("'fault' is missing: which one")
    try:
        fault = catalogue[name]
    except UnknownFault as error:
        raise ValueError(str(error)) from None
    settings = content.get("set", {})
    if not isinstance(settings, dict) or not all(isinstance(value, str) for value in settings.values()):
        raise ValueError("'set' is an object: the name of each parameter, and its value as a text")
    if verb == "on":
        # A ParameterError is a ValueError, and says what the parameter can be.
        chosen_parameters(fault, settings)
    return Wish(verb, name, dict(settings) if verb == "on" else {})


def _answer(content: object) -> Answer:
    if not isinstance(content, dict):
        raise ValueError("each of 'answers' is an object")
    state = next((one for one in ANSWERS if one == content.get("state")), None)
    if state is None:
        raise ValueError(f"'state' of an answer is one of {', '.join(ANSWERS)}")
    id = content.get("id")
    if not isinstance(id, int):
        raise ValueError("'id' of an answer is the number of the order")
    return Answer(id, state, _text(content, "says"))


def _object(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = content.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"'{name}' is an object")
    return value


def _list(content: Mapping[str, Any], name: str) -> list[Any]:
    value = content.get(name, [])
    if not isinstance(value, list) or len(value) > _LONGEST_LIST:
        raise ValueError(f"'{name}' is a list of at most {_LONGEST_LIST}")
    return value


def _number(content: Mapping[str, Any], name: str) -> int:
    value = content.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST_NUMBER:
        raise ValueError(f"'{name}' is a whole number, at least 0")
    return value


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name, "")
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise ValueError(f"'{name}' is a text of at most {_LONGEST_TEXT} characters")
    return value
