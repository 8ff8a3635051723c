"""What a player says: parsed and checked against the labels; what it is worth is scoring.py's business.

In a terminal a cause is `SERVICE/COMPONENT/KIND > VICTIM > VICTIM`, of which only the service is needed; `none` says
that there is nothing. Programs send the same as JSON.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.incidents.labels import Labels

_MOST_CAUSES = 5
#: In unix seconds: more digits than any clock has.
_LAST_MOMENT = 1e12


class AnswerError(ValueError):
    """An answer that cannot be understood; the message says what was expected."""


@dataclass(frozen=True)
class Cause:
    """Where something is wrong, what, and who suffers from it, in the order of cause and effect."""

    service: str
    component: str = ""
    kind: str = ""
    victims: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "service": self.service,
            "component": self.component,
            "kind": self.kind,
            "victims": list(self.victims),
        }


@dataclass(frozen=True)
class Answer:
    """Whether something is wrong; if so since when (unix seconds), and what."""

    fault: bool
    since: float | None = None
    causes: tuple[Cause, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"fault": self.fault, "since": self.since, "causes": [cause.as_json() for cause in self.causes]}


#: The answer to a repair, when all has been done: whether that helped is measured.
DONE = Answer(fault=True)


def parse_words(words: Sequence[str], since: str | None, labels: Labels, now: float) -> Answer:
    """What was typed: `yes`, `no`, `none`, or causes. Raises AnswerError."""
    said = [word.strip() for word in words if word.strip()]
    if not said:
        raise AnswerError("say yes or none, or a cause: SERVICE/COMPONENT/KIND > VICTIM > VICTIM")
    moment = parse_moment(since, now) if since else None
    if len(said) == 1 and said[0].lower() in ("no", "none"):
        if moment is not None:
            raise AnswerError("where nothing is wrong there is no moment since when")
        return Answer(fault=False)
    if len(said) == 1 and said[0].lower() == "yes":
        return Answer(fault=True, since=moment)
    return Answer(True, moment, _checked([_cause(word) for word in said], labels))


def parse_json(content: Any, labels: Labels) -> Answer:
    """What a program has sent: {"fault": …, "since": unix seconds, "causes": [{"service": …}]}. Raises AnswerError."""
    if not isinstance(content, Mapping):
        raise AnswerError('expected an object: {"fault": true, "since": 1700000000.0, "causes": []}')
    unknown = set(content) - {"fault", "since", "causes"}
    if unknown:
        raise AnswerError(f"not known here: {', '.join(sorted(map(str, unknown)))}; known are fault, since, causes")
    fault = content.get("fault")
    if not isinstance(fault, bool):
        raise AnswerError("fault must be true or false")
    since = content.get("since")
    if since is not None and not _is_moment(since):
        raise AnswerError("since must be a number, in unix seconds")
    causes = content.get("causes") or []
    if not isinstance(causes, Sequence) or isinstance(causes, str):
        raise AnswerError("causes must be a list")
    if not fault and (causes or since is not None):
        raise AnswerError("where nothing is wrong there is no cause, and no moment since when")
    return Answer(fault, None if since is None else float(since), _checked([_cause_of(one) for one in causes], labels))


def _is_moment(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    # No float is as large as JSON's whole numbers may be.
    return abs(value) <= _LAST_MOMENT


def parse_moment(text: str, now: float) -> float:
    """`45s` or `2m10s` ago, a time of today as `14:03:20`, or unix seconds. Raises AnswerError."""
    text = text.strip().removesuffix("ago").strip()
    if (found := re.fullmatch(r"(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?", text)) and (found[1] or found[2]):
        return now - 60 * int(found[1] or 0) - float(found[2] or 0)
    if found := re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", text):
        hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
        if hour < 24 and minute < 60 and second < 60:
            today = time.localtime(now)
            moment = time.mktime((*today[:3], hour, minute, second, 0, 0, -1))
            # Just after midnight, 23:59 was yesterday.
            return moment if moment <= now + 60 else moment - 86_400
    if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
        return float(text)
    raise AnswerError(f"{text!r} is no moment; write 45s or 2m10s (that long ago), 14:03:20, or unix seconds")


def _cause(text: str) -> Cause:
    where, *victims = (part.strip() for part in text.split(">"))
    service, component, kind, *rest = (*(part.strip() for part in where.split("/")), "", "", "")[:4]
    if any(rest) or not service or not all(victims) or where.count("/") > 2:
        raise AnswerError(f"{text!r} is not in the form SERVICE/COMPONENT/KIND > VICTIM > VICTIM")
    return Cause(service, component, kind, tuple(victims))


def _cause_of(content: Any) -> Cause:
    if not isinstance(content, Mapping) or not set(content) <= {"service", "component", "kind", "victims"}:
        raise AnswerError("a cause is an object with service, component, kind and victims")
    # What a program does not know it may leave out, or say with null.
    known = {key: value for key, value in content.items() if value is not None}
    texts = [known.get(key, "") for key in ("service", "component", "kind")]
    victims = known.get("victims", [])
    if not all(isinstance(text, str) for text in texts) or not isinstance(victims, list):
        raise AnswerError("of a cause, service, component and kind are text, and victims a list")
    if not all(isinstance(victim, str) for victim in victims):
        raise AnswerError("victims are services")
    service, component, kind = texts
    return Cause(service, component, kind, tuple(victims))


def _checked(causes: Sequence[Cause], labels: Labels) -> tuple[Cause, ...]:
    if len(causes) > _MOST_CAUSES:
        raise AnswerError(f"at most {_MOST_CAUSES} causes")
    for cause in causes:
        _require("service", cause.service, labels.services)
        _require("component", cause.component, ("", *labels.components))
        _require("kind", cause.kind, ("", *labels.kinds))
        for victim in cause.victims:
            _require("service", victim, labels.services)
    return tuple(causes)


def _require(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise AnswerError(f"there is no {what} {value!r}; there are {', '.join(one for one in known if one)}")
