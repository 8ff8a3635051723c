"""The store's answers beside those that a real Loki gave to the same requests over the same data."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

DATA = Path(__file__).resolve().parents[2] / "data" / "telemetry_store"

#: Left out of the comparison: statistics of the server's own work.
WORK = ("stats", "metrics")


def rows(name: str) -> list[dict[str, Any]]:
    with (DATA / name).open() as file:
        return [json.loads(line) for line in file]


def bodies(name: str) -> list[Any]:
    with gzip.open(DATA / name) as file:
        return json.load(file)


def without_work(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_work(item) for key, item in value.items() if key not in WORK}
    return [without_work(item) for item in value] if isinstance(value, list) else value


def in_any_order(value: Any) -> Any:
    """The value with its lists sorted: attributes and resources come in no particular order."""
    if isinstance(value, dict):
        return {key: in_any_order(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((in_any_order(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def ask(store: Any, api: str, row: dict[str, Any]) -> tuple[int, Any]:
    query = "?" + urlencode(row["params"], doseq=True) if row["params"] else ""
    body = row.get("body", "").encode() if row.get("method") == "POST" else None
    headers = row.get("headers") or ({"Content-Type": "application/json"} if body is not None else {})
    answer = store.request(row.get("method", "GET"), api, row["endpoint"] + query, body, headers)
    try:
        return answer.status, answer.json
    except (ValueError, UnicodeDecodeError):
        return answer.status, answer.body.decode(errors="replace")


def numbers_alike(got: Any, expected: Any) -> bool:
    """Equal, numbers in texts within 1e-9."""
    if isinstance(got, str) and isinstance(expected, str) and got != expected:
        try:
            return float(got) == pytest.approx(float(expected), rel=1e-9)
        except ValueError:
            return False
    if isinstance(got, dict) and isinstance(expected, dict):
        return got.keys() == expected.keys() and all(numbers_alike(got[key], expected[key]) for key in got)
    if isinstance(got, list) and isinstance(expected, list):
        return len(got) == len(expected) and all(map(numbers_alike, got, expected))
    return got == expected


@pytest.fixture(scope="module")
def filled(store: Any) -> Any:
    for body in bodies("loki_pushes.json.gz"):
        assert store.post("loki", "/loki/api/v1/push", body).status == 204
    return store


@pytest.mark.parametrize("row", rows("loki_answers.jsonl"), ids=lambda row: row["id"])
def test_answers_as_loki_did(filled: Any, row: dict[str, Any]) -> None:
    status, got = ask(filled, "loki", row)
    assert status == row["status"], got
    if "response" in row:
        got, expected = without_work(got), without_work(row["response"])
        if row.get("order_stable") is False or row["id"].startswith("meta-"):
            got, expected = in_any_order(got), in_any_order(expected)
        assert numbers_alike(got, expected), (got, expected)
