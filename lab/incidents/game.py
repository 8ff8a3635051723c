"""One player and one running incident: what is asked, what may be done, and in the end what that was worth.

Whatever this hands out before the end is the same for every truth.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lab.incidents.acting import ActionRefused
from lab.incidents.answers import DONE, Answer, parse_json, parse_words
from lab.incidents.conduct import RunningIncident
from lab.incidents.scenario import Task
from lab.incidents.scoring import Score, score

QUESTIONS: Mapping[Task, str] = MappingProxyType(
    {
        "detect": "Is anything wrong, and since when? It may be nothing.",
        "locate": "Where is the cause: in which service, and which part of it? It may be nothing.",
        "analyse": "What is wrong: where, of which kind, and who suffers from it in which order? It may be nothing.",
        "repair": "Mend what is broken, and nothing else, then say that you are done. It may be nothing.",
    }
)


class AnsweredAlready(RuntimeError):
    """There is one answer to an incident."""


class Game:
    """Safe to use from several threads."""

    def __init__(self, task: Task, incident: RunningIncident) -> None:
        self.task = task
        self.incident = incident
        self.labels = incident.lab.labels
        self.answer: Answer | None = None
        self.answered_at: float | None = None
        self.answered = threading.Event()
        self._lock = threading.Lock()
        self._acted: list[dict[str, Any]] = []

    def as_json(self) -> dict[str, Any]:
        """What a player may know."""
        backends = self.incident.lab.state.backends
        return {
            "system": self.incident.lab.about.system.name,
            "task": self.task,
            "level": self.incident.scenario.level,
            "question": QUESTIONS[self.task],
            "healthy_at": round(self.incident.healthy_at, 3),
            "clock_started_at": round(self.incident.clock_started_at, 3),
            "now": round(time.time(), 3),
            "ends_at": round(self.incident.clock_started_at + 600, 3),
            "answered": self.answered.is_set(),
            "actions": list(self._acted),
            "telemetry": {name: backends[name] for name in ("prometheus", "loki", "tempo")},
        }

    def say(self, content: Any) -> dict[str, Any]:
        """The answer, as JSON; `words` as typed in a terminal are understood, too. Raises AnswerError,
        AnsweredAlready."""
        now = time.time()
        if self.task == "repair":
            answer = DONE
        elif _is_typed(content):
            answer = parse_words(content["words"], content["since"], self.labels, now)
        else:
            answer = parse_json(content, self.labels)
        with self._lock:
            if self.answered.is_set():
                raise AnsweredAlready("this incident has been answered")
            self.answer, self.answered_at = answer, now
            self.answered.set()
        return {"recorded": True, "seconds": round(now - self.incident.clock_started_at, 1)}

    def act(self, content: Any) -> dict[str, Any]:
        """Raises ActionRefused, ActionFailed, TooManyActions, AnsweredAlready."""
        if self.task != "repair":
            raise ActionRefused(f"this incident is only to be looked at: the task is to {self.task}")
        if self.answered.is_set():
            raise AnsweredAlready("this incident has been answered")
        if not isinstance(content, Mapping) or not isinstance(content.get("action"), str):
            raise ActionRefused('expected an object: {"action": "restart", "target": "backend"}')
        target = content.get("target") or ""
        if not isinstance(target, str):
            raise ActionRefused("the target must be text")
        taken = self.incident.act(content["action"], target)
        told = {"at": round(taken.at, 3), "action": taken.action, "target": taken.target, "said": taken.said}
        self._acted.append(told)
        return told

    def score(self) -> Score:
        """What the answer was worth; for a repair it is measured now. Raises TelemetryError."""
        outcome = self.incident.repair_outcome() if self.task == "repair" and self.answer else None
        seconds = self.incident.seconds_since_onset(self.answered_at or time.time())
        return score(self.task, self.answer, self.incident.truth, seconds, outcome)


def _is_typed(content: Any) -> bool:
    """Whether it is what somebody has typed in a terminal."""
    if not isinstance(content, Mapping) or set(content) != {"words", "since"}:
        return False
    words, since = content["words"], content["since"]
    return isinstance(words, list) and all(isinstance(one, str) for one in words) and isinstance(since, str | None)
