"""Answers that are the workbench's own, and the one form of its errors."""

from __future__ import annotations

from typing import Any, Literal

from starlette.responses import JSONResponse

ErrorType = Literal["unreachable", "timeout", "not_found", "forbidden", "bad_data", "not_now", "internal"]


def answer(content: Any, status: int = 200) -> JSONResponse:
    """JSON of this moment."""
    return JSONResponse(content, status, {"Cache-Control": "no-store"})


def problem(status: int, kind: ErrorType, sentence: str) -> JSONResponse:
    """An error. `sentence` says what happened, and what to do."""
    return answer({"error": sentence, "errorType": kind}, status)
