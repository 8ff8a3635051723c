"""The store's answers beside those that a real Tempo gave to the same requests over the same data.

Every row of the recording is asked. `tempo_differences.json` lists the rows that may differ, each with its reason; one
that agrees after all must leave the list.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

DATA = Path(__file__).resolve().parents[2] / "data" / "telemetry_store"

#: The answers over one block of the backend, and those that differ while the data is still in the live store.
BLOCK, LIVE = "tempo_answers.jsonl.gz", "tempo_live_answers.jsonl"

#: Left out of the comparison: what a server says of its own work, and which spans it picked by chance.
NOT_COMPARED = frozenset(("metrics", "exemplars"))

#: Searches that may stop at any traces: only how many they found is compared.
ANY_TRACES = frozenset(("limit-001", "legacy-001"))


def recorded(name: str) -> list[dict[str, Any]]:
    content = (DATA / name).read_bytes()
    text = gzip.decompress(content) if name.endswith(".gz") else content
    return [json.loads(line) for line in text.splitlines()]


DIFFERENCES: dict[str, dict[str, str]] = json.loads((DATA / "tempo_differences.json").read_text())


@pytest.fixture(scope="module")
def filled(store: Any) -> Any:
    for body in json.loads(gzip.decompress((DATA / "tempo_requests.json.gz").read_bytes())):
        assert store.post("otlp", "/v1/traces", body).status == 200
    return store


def ask(store: Any, row: dict[str, Any]) -> tuple[int, Any]:
    api = "otlp" if row["id"].startswith("otlp-") else "tempo"
    path = quote(row["endpoint"], safe="/%:?=&") + ("?" + urlencode(row["params"], doseq=True) if row["params"] else "")
    body = row.get("body", "").encode() if row.get("method") == "POST" else None
    headers = row.get("headers") or ({"Content-Type": "application/json"} if body is not None else {})
    answer = store.request(row.get("method", "GET"), api, path, body, headers)
    try:
        return answer.status, answer.json
    except (ValueError, UnicodeDecodeError):
        return answer.status, answer.body.decode(errors="replace")


def comparable(value: Any) -> Any:
    """The answer without what is not compared; lists sorted, as they come in no particular order; numbers rounded."""
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items() if key not in NOT_COMPARED}
    if isinstance(value, list):
        return sorted((comparable(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(f"{value:.9g}")
    return value


def agrees(store: Any, row: dict[str, Any]) -> tuple[bool, Any]:
    status, got = ask(store, row)
    if status != row["status"]:
        return False, (status, got)
    if row["id"] in ANY_TRACES:
        return len(got["traces"]) == len(row["response"]["traces"]), got
    return comparable(got) == comparable(row.get("response", got)), got


@pytest.mark.parametrize("row", recorded(BLOCK), ids=lambda row: row["id"])
def test_answers_as_tempo_did(filled: Any, row: dict[str, Any]) -> None:
    same, got = agrees(filled, row)
    reason = DIFFERENCES[BLOCK].get(row["id"])
    if reason:
        assert not same, f"agrees with Tempo now, so it need not be listed any more: {reason}"
    else:
        assert same, got


@pytest.mark.parametrize("row", recorded(LIVE), ids=lambda row: row["id"])
def test_answers_alike_whether_data_is_old_or_new(filled: Any, row: dict[str, Any]) -> None:
    """Tempo answers these requests differently from its live store and from its blocks; the store gives one answer."""
    same, got = agrees(filled, row)
    reason = DIFFERENCES[LIVE].get(row["id"])
    if reason:
        assert not same, f"agrees with Tempo now, so it need not be listed any more: {reason}"
    else:
        assert same, got
