"""docker-compose files as a test reads them: anchors resolved, variables replaced as Compose does it."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lab.manifest import System
from lab.stacks.compose_files import MAIN_FILE as PATH
from lab.stacks.compose_files import own_file

#: What follows a name: a default, or what is said when it is not set.
_REFERENCE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?::-(?P<default>[^}]*)|:\?(?P<demand>[^}]*))?\})")


@cache
def text(path: Path = PATH) -> str:
    return path.read_text(encoding="utf-8")


def compose_file(environment: Mapping[str, str] | None = None, path: Path = PATH) -> dict[str, Any]:
    """The whole file, with the variables of an environment; without one, with every default."""
    return _replaced(yaml.safe_load(text(path)), environment or {})


def services(environment: Mapping[str, str] | None = None, path: Path = PATH) -> dict[str, dict[str, Any]]:
    return compose_file(environment, path)["services"]


def services_of(system: System, environment: Mapping[str, str] | None = None) -> dict[str, dict[str, Any]]:
    """The containers of the file that describes the system."""
    return services(environment, own_file(system) or PATH)


def demanded(path: Path) -> set[str]:
    """Every variable without which Compose does not start what the file describes."""
    return {match["name"] for match in _REFERENCE.finditer(text(path)) if match["demand"]}


def variables(path: Path = PATH) -> dict[str, set[str]]:
    """Every variable that the file asks for -> its defaults."""
    found: dict[str, set[str]] = {}
    for match in _REFERENCE.finditer(re.sub(r"(?m)#.*$", "", text(path))):
        if match["name"]:
            found.setdefault(match["name"], set()).add(match["default"] or "")
    for service in services(path=path).values():
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
