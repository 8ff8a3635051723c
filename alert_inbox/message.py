"""Alertmanager's webhook message, version 4: checked as far as readers rely on it, otherwise left as it is.

Source: Alertmanager's documentation of `webhook_config`. One message is one notification: a group of alerts that
belong together, each firing or resolved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

#: The form has been the same since 2017; another one would have to be looked at first.
VERSION = "4"
_STATES = ("firing", "resolved")


class NotAMessage(ValueError):
    """A body that is no webhook message; the text says what is wrong with it."""


def parse_message(body: bytes) -> dict[str, Any]:
    """The message in `body`. Raises NotAMessage."""
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotAMessage(f"the body is not JSON: {error}") from error
    if not isinstance(message, dict):
        raise NotAMessage("the body is not a JSON object")
    if not _can_be_written(message):
        raise NotAMessage("the body is nested too deeply")
    if message.get("version") != VERSION:
        raise NotAMessage(f"version is {_shown(message.get('version'))}, expected {_shown(VERSION)}")
    _check_state(message, "status")
    _check_labels(message, "groupLabels")
    _check_labels(message, "commonLabels")
    alerts = message.get("alerts")
    if not isinstance(alerts, list) or not alerts:
        raise NotAMessage("alerts is not a list with at least one alert")
    for number, alert in enumerate(alerts):
        _check_alert(alert, f"alerts[{number}]")
    return message


def _can_be_written(message: dict[str, Any]) -> bool:
    """orjson reads deeper nesting than it writes."""
    try:
        orjson.dumps(message)
    except orjson.JSONEncodeError:
        return False
    return True


def _check_alert(alert: Any, where: str) -> None:
    if not isinstance(alert, dict):
        raise NotAMessage(f"{where} is not a JSON object")
    _check_state(alert, "status", f"{where}.")
    _check_labels(alert, "labels", f"{where}.")
    _check_labels(alert, "annotations", f"{where}.")
    for name in ("startsAt", "endsAt"):
        if not isinstance(alert.get(name), str):
            raise NotAMessage(f"{where}.{name} is not a time as text, such as 2026-01-31T12:00:00Z")


def _check_state(holder: Mapping[str, Any], name: str, where: str = "") -> None:
    if holder.get(name) not in _STATES:
        raise NotAMessage(f"{where}{name} is {_shown(holder.get(name))}, expected {' or '.join(_STATES)}")


def _check_labels(holder: Mapping[str, Any], name: str, where: str = "") -> None:
    labels = holder.get(name)
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        raise NotAMessage(f"{where}{name} is not an object of texts")


def _shown(value: Any) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= 40 else f"{text[:40]}…"
