"""What the instructor wants of one lab, and what became of it. The lab does each order once, or says why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Verb = Literal["on", "off", "clear", "reset"]
VERBS: tuple[Verb, ...] = get_args(Verb)

#: `late`: the lab did not ask in time. What is done then would surprise everybody.
State = Literal["waiting", "done", "refused", "failed", "late"]
#: What a lab may answer.
ANSWERS: tuple[State, ...] = ("done", "refused", "failed")

#: After so many seconds an order that no lab has asked for is dropped.
LATE_AFTER_SECONDS = 120.0


@dataclass
class Order:
    #: Rises, also over restarts of the server.
    id: int
    verb: Verb
    #: Of on and off.
    fault: str | None
    settings: Mapping[str, str]
    #: Unix seconds.
    given_at: float
    state: State = "waiting"
    #: Why it was refused, or failed.
    says: str = ""

    def expire(self, now: float) -> None:
        if self.state == "waiting" and now - self.given_at > LATE_AFTER_SECONDS:
            self.state, self.says = "late", "this lab has not asked for it in time"

    def for_lab(self) -> dict[str, Any]:
        return {"id": self.id, "do": self.verb, "fault": self.fault, "set": dict(self.settings)}

    def for_instructor(self) -> dict[str, Any]:
        return {
            "do": self.verb,
            "fault": self.fault,
            "givenAt": self.given_at,
            "state": self.state,
            "says": self.says,
        }


@dataclass(frozen=True)
class Answer:
    """What a lab says about an order."""

    id: int
    state: State
    says: str = ""


@dataclass(frozen=True)
class Wish:
    """What the instructor asks for, before it is known whom it reaches."""

    verb: Verb
    fault: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
