"""docker-compose.yml as a test reads it: anchors resolved, variables replaced as Compose does it."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from lab.paths import REPOSITORY

PATH = REPOSITORY / "docker-compose.yml"

_REFERENCE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\})")


@cache
def text() -> str:
    return PATH.read_text(encoding="utf-8")


def compose_file(environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The whole file, with the variables of an environment; without one, with every default."""
    return _replaced(yaml.safe_load(text()), environment or {})


def services(environment: Mapping[str, str] | None = None) -> dict[str, dict[str, Any]]:
    return compose_file(environment)["services"]


def variables() -> dict[str, set[str]]:
    """Every variable that the file asks for -> its defaults."""
    found: dict[str, set[str]] = {}
    for match in _REFERENCE.finditer(re.sub(r"(?m)#.*$", "", text())):
        if match["name"]:
            found.setdefault(match["name"], set()).add(match["default"] or "")
    for service in services().values():
        for name, value in service.get("environment", {}).items():
            if value is None:
                found.setdefault(name, set())
    return found


def _replaced(content: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(content, dict):
        return {key: _replaced(value, environment) for key, value in content.items()}
    if isinstance(content, list):
        return [_replaced(value, environment) for value in content]
    if isinstance(content, str):
        return _REFERENCE.sub(
            lambda match: (environment.get(match["name"]) or match["default"] or "") if match["name"] else "$", content
        )
    return content
