"""How a program reaches an incident: what its environment names, and the few calls of the API."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self, cast

import requests

#: The address of the incident's own API (http_api.py).
INCIDENT_VARIABLE = "LAB_INCIDENT_URL"
#: Name in the task's `telemetry` → the variable with its address.
TELEMETRY_VARIABLES = {
    "prometheus": "LAB_PROMETHEUS_URL",
    "loki": "LAB_LOKI_URL",
    "tempo": "LAB_TEMPO_URL",
}

_SECONDS = 120.0


class IncidentClient:
    """The API of one incident."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Raises SystemExit where nobody has said which incident."""
        if INCIDENT_VARIABLE not in environ:
            raise SystemExit(f"{INCIDENT_VARIABLE} is not set; `lab incident status --json` has it as `api`")
        return cls(environ[INCIDENT_VARIABLE])

    def task(self) -> dict[str, Any]:
        return self._ask("GET", "/task")

    def labels(self) -> dict[str, Any]:
        return self._ask("GET", "/labels")

    def act(self, action: str, target: str = "") -> dict[str, Any]:
        return self._ask("POST", "/act", {"action": action, "target": target})

    def answer(self, fault: bool, since: float | None = None, causes: list[dict[str, Any]] | None = None) -> None:
        self._ask("POST", "/answer", {"fault": fault, "since": since, "causes": causes or []})

    def close(self) -> None:
        self._session.close()

    def _ask(self, method: str, path: str, content: Any = None) -> dict[str, Any]:
        answered = self._session.request(method, self._address + path, json=content, timeout=_SECONDS)
        told = answered.json()
        if not answered.ok:
            raise RuntimeError(f"{path}: {told.get('error')}")
        return cast(dict[str, Any], told)
