"""Why a request was not served, apart from how each API words it.

Parsers, storages and evaluators raise these; every `api.py` turns them into its real server's error body.
"""

from __future__ import annotations


class Refusal(Exception):
    """A request that is answered with an error. The message goes to the client as it is."""

    status = 400


class BadRequest(Refusal):
    """The request itself is wrong: a parameter, a body, a query's syntax."""


class Unsupported(BadRequest):
    """A construct of a query language that the store does not evaluate; the message names it."""


class BodyTooLarge(Refusal):
    """The body exceeds the limit, before or after decompression."""

    status = 413


class Unprocessable(Refusal):
    """A well-formed request that cannot be carried out (Prometheus: errorType execution)."""

    status = 422


class Busy(Refusal):
    """More arrives than can be written just now; the sender may try again."""

    status = 429


class StorageUnavailable(Refusal):
    """The disk does not take writes at the moment (full, read-only)."""

    status = 503


class TimedOut(Refusal):
    """A query ran longer than it may."""

    status = 503
