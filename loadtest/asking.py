"""What users of every load test share: asking by a route's name, and judging the answer.

An answer of 4xx to a request that deserves it is a success.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from locust import HttpUser
from locust.clients import ResponseContextManager


class AskingUser(HttpUser):
    """A user who knows which answers are right."""

    abstract = True

    def ask(
        self,
        path: str,
        name: str,
        *expected: HTTPStatus,
        method: str = "GET",
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ResponseContextManager:
        """One request; it counts as a success when the status is one of the expected (200, if none is named) and the
        answer can be followed. `name` is the route, never the raw path."""
        response: ResponseContextManager
        with self.client.request(method, path, name=name, json=body, headers=headers, catch_response=True) as response:
            problem = problem_with(response, expected or (HTTPStatus.OK,))
            if problem:
                response.failure(problem)
            else:
                response.success()
        return response


def problem_with(response: ResponseContextManager, expected: tuple[HTTPStatus, ...]) -> str | None:
    """What is wrong with an answer, in words that do not differ from request to request; None when it is right."""
    if response.status_code == 0:
        return f"no answer: {type(response.error).__name__}"
    if response.status_code not in expected:
        wanted = " or ".join(str(status.value) for status in expected)
        return f"status {response.status_code} instead of {wanted}"
    if "X-Trace-Id" not in response.headers:
        return "no X-Trace-Id header"
    return None
