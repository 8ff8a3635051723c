"""The workshop's server, as a learner's lab talks to it. The other end is `workshop/app.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

_TIMEOUT_SECONDS = 5.0


class Away(RuntimeError):
    """The server does not answer, or not sensibly; it may come back."""


class Refused(RuntimeError):
    """The server says no; the message says why, and what to do."""


class Forgotten(Refused):
    """The server does not know this token, or not any more: join again."""


class SentAway(Refused):
    """The instructor has removed this learner."""


class WorkshopServer:
    """At an address such as http://192.168.1.5:8010. Methods raise Away, and Refused."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._session = requests.Session()
        # It is in the same room: no proxy of the world knows the way.
        self._session.trust_env = False

    def close(self) -> None:
        self._session.close()

    def join(self, name: str, team: str | None, token: str) -> tuple[str, str | None]:
        """Name and team, as everybody sees them."""
        told = self._post("/api/join", {"name": name, "team": team, "token": token})
        if not isinstance(told.get("name"), str) or not isinstance(told.get("team"), str | None):
            raise Away(f"{self.address} is no workshop's server")
        return told["name"], told["team"]

    def report(self, token: str, report: Mapping[str, Any]) -> list[Any]:
        """The orders that wait for this lab. Raises Forgotten and SentAway besides."""
        orders = self._post("/api/report", report, token).get("orders")
        if not isinstance(orders, list):
            raise Away(f"{self.address} is no workshop's server")
        return orders

    def leave(self, token: str) -> None:
        self._post("/api/leave", {}, token)

    def _post(self, path: str, content: Mapping[str, Any], token: str = "") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            answer = self._session.post(
                self.address + path, json=content, headers=headers, timeout=_TIMEOUT_SECONDS, allow_redirects=False
            )
            told = answer.json()
        except requests.JSONDecodeError:
            raise Away(f"{self.address} answers, but is no workshop's server") from None
        except requests.RequestException as error:
            raise Away(f"{self.address} does not answer ({_in_short(error)})") from None
        if not isinstance(told, dict):
            raise Away(f"{self.address} answers, but is no workshop's server")
        if answer.ok:
            return told
        sentence = str(told.get("error", answer.reason))
        if token and answer.status_code == 404:
            raise Forgotten(sentence)
        if answer.status_code == 410:
            raise SentAway(sentence)
        if answer.status_code >= 500:
            raise Away(f"{self.address} has a problem: {sentence}")
        raise Refused(sentence)


def server_address(text: str) -> str:
    """`192.168.1.5:8010` or `http://192.168.1.5:8010/`, in one form. Raises ValueError."""
    parts = urlsplit(text if "://" in text else f"http://{text}")
    try:
        port = parts.port
    except ValueError:
        port = 0
    # A secret address that was given by mistake is not sent on.
    plain = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username)
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or not plain:
        raise ValueError(f"{text!r} is no address such as http://192.168.1.5:8010")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _in_short(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return f"not within {_TIMEOUT_SECONDS:g} s"
    return "nothing can be reached there" if isinstance(error, requests.ConnectionError) else str(error)
