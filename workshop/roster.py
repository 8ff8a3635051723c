"""Who takes part, how far they are, and what the instructor wants of their labs.

Names, teams and orders are kept in a file, so that a restart forgets nobody; how far somebody is comes with the next
report. A learner proves to be the same one by a token that his machine has made; of it only a hash is kept.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lab.run_state import write_json_atomically
from workshop.messages import Joining, Recipients, Report
from workshop.names import same_name
from workshop.orders import Order, Wish

MOST_LEARNERS = 200

#: Who has not reported for so long is away; a lab does so every few seconds.
AWAY_AFTER_SECONDS = 15.0

#: The newest orders of each learner; older ones are history.
_MOST_ORDERS = 20

FILE = "roster.json"
_VERSION = 1


class NotTaken(RuntimeError):
    """Somebody cannot be taken into the roster; the message says why, and what to do."""


class Unknown(LookupError):
    """Nobody in the roster is meant; the message says so."""


class Removed(RuntimeError):
    """The instructor has removed who asks."""


@dataclass
class Learner:
    name: str
    team: str | None
    token_hash: str
    #: Unix seconds.
    joined_at: float
    orders: list[Order] = field(default_factory=list)
    seen_at: float = 0.0
    report: Report | None = None


class Roster:
    """Safe to use from several threads, but by one process alone: nobody else may write the file.

    Raises OSError when the file cannot be read or written, ValueError when it is something else."""

    def __init__(self, file: Path, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._clock = clock
        self._lock = threading.Lock()
        self._learners: dict[str, Learner] = {}
        #: Hashes of the tokens of those who were removed: their labs are told, and stop asking.
        self._removed: list[str] = []
        self._last_id = 0
        self._read()

    def join(self, joining: Joining) -> Learner:
        """Raises NotTaken."""
        token_hash = _hash(joining.token)
        with self._changing():
            key = same_name(joining.name)
            there = self._learners.get(key)
            if there is not None and there.token_hash != token_hash:
                raise NotTaken(f"somebody is called {there.name} already: choose another name")
            if there is None:
                if len(self._learners) >= MOST_LEARNERS:
                    raise NotTaken(f"the workshop is full: it has room for {MOST_LEARNERS} learners")
                # The same machine under another name is not somebody else.
                self._forget(token_hash)
                there = self._learners[key] = Learner(joining.name, joining.team, token_hash, self._clock())
            there.name, there.team, there.seen_at = joining.name, joining.team, self._clock()
            self._removed = [one for one in self._removed if one != token_hash]
            return there

    def leave(self, token: str) -> None:
        """Whoever has this token is gone; nothing happens if nobody has."""
        with self._changing():
            self._forget(_hash(token))

    def report(self, token: str, report: Report) -> list[dict[str, Any]]:
        """What this learner's lab is to do. Raises Unknown, Removed."""
        with self._lock:
            learner = self._with_token(token)
            now = self._clock()
            learner.report, learner.seen_at = report, now
            said = {answer.id: answer for answer in report.answers}
            changed = False
            for order in learner.orders:
                order.expire(now)
                answer = said.get(order.id)
                if answer is not None and order.state == "waiting":
                    order.state, order.says = answer.state, answer.says
                    changed = True
            if changed:
                self._write()
            return [order.for_lab() for order in learner.orders if order.state == "waiting"]

    def give(self, recipients: Recipients, wish: Wish) -> list[str]:
        """Names of those who got the order. Raises Unknown when there is nobody."""
        with self._changing():
            chosen = [learner for learner in self._learners.values() if _is_meant(learner, recipients)]
            if not chosen:
                raise Unknown(_nobody(recipients))
            now = self._clock()
            for learner in chosen:
                # Two servers in turn on one file, or a clock that was set, give no number twice.
                self._last_id = max(self._last_id + 1, int(now * 1000))
                learner.orders.append(Order(self._last_id, wish.verb, wish.fault, wish.settings, now))
                del learner.orders[:-_MOST_ORDERS]
            return [learner.name for learner in chosen]

    def remove(self, name: str) -> None:
        """Raises Unknown."""
        with self._changing():
            learner = self._learners.pop(same_name(name), None)
            if learner is None:
                raise Unknown(_nobody(Recipients(learner=name)))
            self._removed = [*self._removed, learner.token_hash][-MOST_LEARNERS:]

    def for_everybody(self) -> list[dict[str, Any]]:
        """What learners have opted into showing to all: name, team, progress."""
        with self._lock:
            return [self._public(learner) for learner in self._learners.values()]

    def for_instructor(self) -> list[dict[str, Any]]:
        """The same, with the lab's health, what is on, and what became of the newest order."""
        with self._lock:
            now = self._clock()
            told = []
            for learner in self._learners.values():
                for order in learner.orders:
                    order.expire(now)
                report = learner.report
                told.append(
                    {
                        **self._public(learner),
                        "seenAt": learner.seen_at or None,
                        "lab": {
                            "up": report.lab_is_up,
                            "healthy": report.healthy,
                            "of": report.processes,
                            "problem": report.problem,
                        }
                        if report
                        else None,
                        "on": list(report.on) if report else [],
                        "order": learner.orders[-1].for_instructor() if learner.orders else None,
                    }
                )
            return told

    def _public(self, learner: Learner) -> dict[str, Any]:
        report = learner.report
        return {
            "name": learner.name,
            "team": learner.team,
            "here": self._clock() - learner.seen_at <= AWAY_AFTER_SECONDS,
            "solved": report.solved if report else 0,
            "exercises": report.exercises if report else 0,
            "points": report.points if report else 0,
            "pointsPossible": report.points_possible if report else 0,
            "at": report.at if report else "",
        }

    def _with_token(self, token: str) -> Learner:
        token_hash = _hash(token)
        for learner in self._learners.values():
            if learner.token_hash == token_hash:
                return learner
        if token_hash in self._removed:
            raise Removed
        raise Unknown("nobody has joined with this token: join first")

    def _forget(self, token_hash: str) -> None:
        self._learners = {key: one for key, one in self._learners.items() if one.token_hash != token_hash}

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self._lock:
            yield
            self._write()

    def _write(self) -> None:
        learners = [
            {
                "name": one.name,
                "team": one.team,
                "token_hash": one.token_hash,
                "joined_at": one.joined_at,
                "orders": [asdict(order) for order in one.orders],
            }
            for one in self._learners.values()
        ]
        content = {"version": _VERSION, "last_id": self._last_id, "removed": self._removed, "learners": learners}
        write_json_atomically(self._file, content, mode=0o600)

    def _read(self) -> None:
        try:
            content: Mapping[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
            if content["version"] != _VERSION:
                raise ValueError(f"it is of version {content['version']}, and this is version {_VERSION}")
            for one in content["learners"]:
                orders = [Order(**order) for order in one["orders"]]
                self._learners[same_name(one["name"])] = Learner(**{**one, "orders": orders})
            self._removed = list(content["removed"])
            self._last_id = int(content["last_id"])
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{self._file} is not what the workshop has written ({error}): delete it to begin without learners"
            ) from None


def _is_meant(learner: Learner, recipients: Recipients) -> bool:
    if recipients.learner is not None:
        return same_name(learner.name) == same_name(recipients.learner)
    if recipients.team is not None:
        return learner.team is not None and same_name(learner.team) == same_name(recipients.team)
    return True


def _nobody(recipients: Recipients) -> str:
    if recipients.learner is not None:
        return f"nobody is called {recipients.learner!r}"
    if recipients.team is not None:
        return f"nobody is in a team {recipients.team!r}"
    return "nobody has joined yet"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
