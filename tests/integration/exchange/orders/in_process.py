"""Services that call each other without a network between them: the real client, the real app, in one thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests
from flask import Flask
from requests.adapters import BaseAdapter

from observability import Telemetry
from observability.http_client import CallPolicy, ServiceClient

_PREFIX = "http://in-process"


class Line(BaseAdapter):
    """What stands in for the network. `before` and `after` are called around each request with its method and path:
    what they raise is what the caller gets. After the answer it is lost: the service has done what it was asked."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self._app = app
        self.before: Callable[[str, str], None] = lambda method, path: None
        self.after: Callable[[str, str], None] = lambda method, path: None

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        path = str(request.path_url)
        self.before(str(request.method), path)
        answer = self._app.test_client().open(
            path, method=str(request.method), data=request.body, headers=dict(request.headers)
        )
        self.after(str(request.method), path)
        response = requests.Response()
        response.status_code = answer.status_code
        response.headers.update(dict(answer.headers))
        response._content = answer.get_data()
        response.request, response.url = request, str(request.url)
        return response

    def close(self) -> None:
        pass

    def mend(self) -> None:
        """As it was at first."""
        self.before = self.after = lambda method, path: None


def connect(service: str, app: Flask, telemetry: Telemetry) -> tuple[ServiceClient, Line]:
    """A client of the app, for the service with this telemetry; retries make no pause."""
    line = Line(app)
    client = ServiceClient(service, _PREFIX, telemetry, CallPolicy(backoff_seconds=0.0))
    client._session.mount(_PREFIX, line)
    return client, line


def lost_connection(method: str, path: str) -> None:
    """For `before`: the request does not arrive. For `after`: the answer does not."""
    raise requests.ConnectionError("lost, as the test wants it")


def lost_time(method: str, path: str) -> None:
    """Likewise, without anybody noticing until the caller runs out of time."""
    raise requests.ReadTimeout("late, as the test wants it")
