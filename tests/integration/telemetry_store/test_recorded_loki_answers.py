"""The store's answers beside those that a real Loki gave to the same requests over the same data.

Every row of three recordings is asked: with Loki's defaults, with `discover_log_levels: false`, and over OTLP logs.
`loki_differences.json` lists the rows that may differ, each with its reason; one that agrees after all must leave it.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.integration.telemetry_store.conftest import Store

DATA = Path(__file__).resolve().parents[2] / "data" / "telemetry_store"

DEFAULTS, WITHOUT_LEVELS, OTLP = (
    "loki_answers.jsonl.gz",
    "loki_answers_without_levels.jsonl.gz",
    "loki_otlp_answers.jsonl.gz",
)

#: In the rows of pushes, what stands for a time that is too far in the future.
TOO_NEW_SECONDS, TOO_NEW_TEXT = "1796036400", "2026-11-30T11:00:00Z"


def recorded(name: str) -> list[dict[str, Any]]:
    text = gzip.decompress((DATA / name).read_bytes()).decode()
    future = int(time.time()) // 86_400 * 86_400 + 864_000
    shown = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(future))
    text = text.replace(TOO_NEW_SECONDS, str(future)).replace(TOO_NEW_TEXT, shown)
    return [json.loads(line) for line in text.splitlines()]


DIFFERENCES: dict[str, dict[str, str]] = json.loads((DATA / "loki_differences.json").read_text())


def running(directory: Path, *arguments: str) -> Iterator[Store]:
    targets = directory / "targets.json"
    targets.write_text("[]")
    lasting = ("--retention-hours", "0", "--retention-megabytes", "0")
    store = Store(directory / "data", targets, (*lasting, *arguments))
    store.start()
    yield store
    assert store.stop() == 0


def fill(store: Store) -> None:
    for body in json.loads(gzip.decompress((DATA / "loki_pushes.json.gz").read_bytes())):
        assert store.post("loki", "/loki/api/v1/push", body).status == 204


@pytest.fixture(scope="module")
def with_levels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    for store in running(tmp_path_factory.mktemp("store")):
        fill(store)
        yield store


@pytest.fixture(scope="module")
def without_levels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    for store in running(tmp_path_factory.mktemp("store"), "--discover-log-levels", "false"):
        fill(store)
        yield store


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    yield from running(tmp_path_factory.mktemp("store"))


def ask(store: Store, row: dict[str, Any]) -> tuple[int, Any]:
    path = quote(row["endpoint"], safe="/%:?=&")
    method = row.get("method", "GET")
    parameters = urlencode(row["params"], doseq=True)
    headers = dict(row.get("headers") or {})
    body = None
    if method == "POST" and "body" not in row:
        body, parameters = parameters.encode(), ""
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    elif method == "POST":
        body = row["body"].encode()
        headers.setdefault("Content-Type", "application/json")
    answer = store.request(method, "loki", f"{path}?{parameters}" if parameters else path, body, headers)
    try:
        return answer.status, answer.json
    except (ValueError, UnicodeDecodeError):
        return answer.status, answer.body.decode(errors="replace")


def without_statistics(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_statistics(item) for key, item in value.items() if key != "stats"}
    return [without_statistics(item) for item in value] if isinstance(value, list) else value


def in_any_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: in_any_order(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((in_any_order(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def alike(got: Any, expected: Any) -> bool:
    """Equal, numbers in texts within 1e-9."""
    if isinstance(got, str) and isinstance(expected, str) and got != expected:
        try:
            return float(got) == pytest.approx(float(expected), rel=1e-9)
        except ValueError:
            return False
    if isinstance(got, dict) and isinstance(expected, dict):
        return got.keys() == expected.keys() and all(alike(got[key], expected[key]) for key in got)
    if isinstance(got, list) and isinstance(expected, list):
        return len(got) == len(expected) and all(map(alike, got, expected))
    return bool(got == expected)


def check(store: Store, recording: str, row: dict[str, Any]) -> None:
    status, got = ask(store, row)
    shown, expected = without_statistics(got), without_statistics(row["response"])
    if row.get("order_stable") is False or row["id"].startswith("meta-"):
        shown, expected = in_any_order(shown), in_any_order(expected)
    same = status == row["status"] and alike(shown, expected)
    reason = DIFFERENCES[recording].get(row["id"])
    if reason:
        assert not same, f"agrees with Loki now, so it need not be listed any more: {reason}"
    else:
        assert same, (status, got, row["status"], row["response"])


@pytest.mark.parametrize("row", recorded(DEFAULTS), ids=lambda row: row["id"])
def test_answers_as_loki_did(with_levels: Store, row: dict[str, Any]) -> None:
    check(with_levels, DEFAULTS, row)


@pytest.mark.parametrize("row", recorded(WITHOUT_LEVELS), ids=lambda row: row["id"])
def test_answers_as_loki_did_without_detected_levels(without_levels: Store, row: dict[str, Any]) -> None:
    check(without_levels, WITHOUT_LEVELS, row)


@pytest.mark.parametrize("row", recorded(OTLP), ids=lambda row: row["id"])
def test_takes_and_shows_otlp_logs_as_loki_did(empty: Store, row: dict[str, Any]) -> None:
    check(empty, OTLP, row)
