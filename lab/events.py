"""Events of the lab itself: a deploy, a fault, a note. Each is a log line in Loki, where dashboards find it.

They stand in the stream `{service="lab", level="info"}`, as JSON lines like those of the services. Annotations of
dashboards ask for `{service="lab"} | json | kind="deploy"`.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import requests

Kind = Literal["deploy", "fault", "note"]
KINDS: tuple[Kind, ...] = get_args(Kind)

#: Who speaks: the value of the `service` label.
SERVICE = "lab"

TIMEOUT_SECONDS = 5.0

_STREAM = {"service": SERVICE, "level": "info"}

_MOST_CHARACTERS = 1000


def clean_text(text: str) -> str:
    """What somebody typed, on one line. Raises ValueError when it says nothing, or too much, or is no text."""
    text = " ".join(text.split())
    if not text:
        raise ValueError("say what happened")
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"at most {_MOST_CHARACTERS} characters")
    # JSON and a terminal can both bring one along; nothing that writes UTF-8 takes it.
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("there is half of a character in it")
    return text


class EventError(RuntimeError):
    """An event could not be recorded; the message says why."""


@dataclass(frozen=True)
class Event:
    """Something that happened to the lab, which a chart should show."""

    message: str
    kind: Kind
    #: What it happened to; None when that is no service, or all of them.
    target_service: str | None = None
    time_unix_nano: int = field(default_factory=time.time_ns)

    @property
    def fields(self) -> dict[str, str]:
        """The line as an object."""
        time_of_day = datetime.fromtimestamp(self.time_unix_nano // 10**9, UTC)
        fields = {
            "timestamp": f"{time_of_day:%Y-%m-%dT%H:%M:%S}.{self.time_unix_nano // 1000 % 10**6:06d}Z",
            "level": "info",
            "service": SERVICE,
            "message": self.message,
            "kind": self.kind,
        }
        return fields if self.target_service is None else {**fields, "target_service": self.target_service}

    def as_push(self) -> Mapping[str, Any]:
        """The body that Loki takes."""
        line = json.dumps(self.fields, ensure_ascii=False, separators=(",", ":"))
        return {"streams": [{"stream": _STREAM, "values": [[str(self.time_unix_nano), line]]}]}


def record(loki_url: str, event: Event) -> None:
    """Pushes the event to Loki. Raises EventError when Loki does not take it."""
    url = f"{loki_url.rstrip('/')}/loki/api/v1/push"
    with requests.Session() as session:
        # A proxy that is set for the world is not asked for what runs here.
        session.trust_env = False
        try:
            answer = session.post(url, json=event.as_push(), timeout=TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise EventError(f"Loki at {loki_url} cannot be reached: {error}. See `lab status`") from None
    if not answer.ok:
        raise EventError(f"Loki at {loki_url} answered {answer.status_code}: {answer.text.strip()[:300]}")
