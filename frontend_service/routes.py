"""The frontend's routes: ask the backend, answer with a page or with JSON."""

from __future__ import annotations

from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, g, jsonify, request

from frontend_service.pages import Pages, wants_page
from frontend_service.record_ids import parse_id
from frontend_service.request_path import RequestPath, read_request_path
from observability import Telemetry
from observability.errors import RequestError
from observability.flask import request_seconds
from observability.http_client import ServiceClient, ServiceResponse

SPAN_NAMES = {
    "/": "frontend_home_request",
    "/user/<id>": "frontend_get_user",
    "/product/<id>": "frontend_get_product",
}

#: The backend's refusals that are the user's to see, by status; anything else is the backend's failure.
_PASSED_ON = frozenset((400, 404))


def add_routes(app: Flask, backend: ServiceClient, pages: Pages, telemetry: Telemetry) -> None:
    """Add the three routes."""
    logger = telemetry.logger

    @app.after_request
    def describe_response(response: Response) -> Response:
        # The same address answers with a page or with JSON.
        response.vary.add("Accept")
        response.headers["Server-Timing"] = _request_path().server_timing()
        return response

    @app.get("/")
    def home() -> Response:
        logger.info("Fetching home page data")
        data = ask_backend("/api/data", {})
        logger.info("Home page data fetch completed", extra=_backend_fields())
        return answer("home.html", data)

    @app.get("/user/<id>")
    def get_user(id: str) -> Response:
        user_id = parse_id("user", id)
        logger.info("Fetching user %s", user_id, extra={"user_id": user_id})
        data = ask_backend(f"/api/user/{user_id}", {"user_id": user_id})
        logger.info("User %s fetch completed", user_id, extra={"user_id": user_id, **_backend_fields()})
        return answer("user.html", data)

    @app.get("/product/<id>")
    def get_product(id: str) -> Response:
        product_id = parse_id("product", id)
        logger.info("Fetching product %s", product_id, extra={"product_id": product_id})
        quantity = request.args.getlist("quantity")
        query = "?" + urlencode([("quantity", text[:20]) for text in quantity[:2]]) if quantity else ""
        data = ask_backend(f"/api/product/{product_id}{query}", {"product_id": product_id})
        logger.info("Product %s fetch completed", product_id, extra={"product_id": product_id, **_backend_fields()})
        return answer("product.html", data)

    def ask_backend(path: str, fields: dict[str, Any]) -> Any:
        """The backend's JSON. Raises RequestError with the backend's refusal, or 502/503 when it failed."""
        started = perf_counter()
        try:
            g.answer = backend_answer = backend.get(path)
            if backend_answer.status == 200 and isinstance(backend_answer.json, dict):
                return backend_answer.json
            raise _refusal(backend_answer)
        except RequestError as error:
            # Nobody's fault but the caller's: not worth an alarm.
            report = logger.warning if error.status < 500 else logger.error
            report(
                "Backend call failed: %s",
                error,
                extra={
                    **fields,
                    "error.type": error.type,
                    "http.response.status_code": error.status,
                    "peer.service": "backend",
                    "url.path": path,
                    "duration_ms": round((perf_counter() - started) * 1000, 3),
                },
            )
            raise

    def answer(template: str, data: dict[str, Any]) -> Response:
        return pages.render(template, path=_request_path(), **data) if wants_page() else jsonify(data)


def error_page(pages: Pages, error_body: dict[str, Any], status: int) -> Response | None:
    """The error as a page for browsers, with the path if the backend was asked; None (JSON) for everybody else."""
    if not wants_page():
        return None
    return pages.render_error(error_body, status, _request_path() if "answer" in g else None)


def _request_path() -> RequestPath:
    backend_answer: ServiceResponse | None = g.get("answer")
    timing = backend_answer.headers.get("Server-Timing", "") if backend_answer else ""
    return read_request_path(request_seconds() * 1000, timing)


def _backend_fields() -> dict[str, Any]:
    answer: ServiceResponse = g.answer
    return {
        "peer.service": "backend",
        "http.response.status_code": answer.status,
        "duration_ms": round(request_seconds() * 1000, 3),
    }


def _refusal(answer: ServiceResponse) -> RequestError:
    """The backend's error as this service's own."""
    error = answer.json.get("error") if isinstance(answer.json, dict) else None
    told = error if isinstance(error, dict) else {}
    type, message, hint = told.get("type"), told.get("message"), told.get("hint")
    if answer.status in _PASSED_ON and isinstance(type, str) and isinstance(message, str):
        return RequestError(answer.status, type, message, hint)
    if answer.status == 503:
        reason = message or "it gave no reason"
        return RequestError(503, "backend_unavailable", f"the backend cannot answer now: {reason}", hint)
    return RequestError(502, "backend_error", f"the backend answered with status {answer.status}")
