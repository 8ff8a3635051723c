"""Loki's HTTP API beside the query language: pushes and their limits, the index, volumes, detected fields."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Callable
from typing import Any

import cramjam
import pytest

from telemetry_store.logs.protobuf_push import push_request_class

PUSH = "/loki/api/v1/push"
API = "/loki/api/v1/"

LINES = {
    "info": [f'{{"user":{{"id":{i}}},"took":"{i}ms","ok":true}}' for i in range(7)],
    "error": [f"user={i} took={i} msg=failed" for i in range(7)],
}


def push(store: Any, labels: dict[str, str], *values: Any) -> Any:
    return store.post("loki", PUSH, {"streams": [{"stream": labels, "values": list(values)}]})


def now(offset: int = 0) -> str:
    return str(time.time_ns() + offset)


def test_a_push_may_come_packed_in_any_of_lokis_ways(store: Any) -> None:
    body = json.dumps({"streams": [{"stream": {"service_name": "packed"}, "values": [[now(), "json"]]}]}).encode()
    raw = zlib.compressobj(wbits=-15)
    assert store.post("loki", PUSH, body, Content_Encoding="").status == 204
    assert store.post("loki", PUSH, gzip.compress(body), Content_Encoding="gzip").status == 204
    assert store.post("loki", PUSH, raw.compress(body) + raw.flush(), Content_Encoding="deflate").status == 204
    assert store.post("loki", PUSH, zlib.compress(body), Content_Encoding="deflate").status == 204
    refused = store.post("loki", PUSH, body, Content_Encoding="br")
    assert (refused.status, refused.text) == (400, 'Content-Encoding "br" not supported\n')
    message = push_request_class()()
    stream = message.streams.add(labels='{service_name="packed"}')
    entry = stream.entries.add(line=b"protobuf \xff")
    entry.timestamp.seconds = int(time.time())
    entry.structured_metadata.add(name="pod", value="p-1")
    packed = bytes(cramjam.snappy.compress_raw(message.SerializeToString()))
    assert store.post("loki", PUSH, packed, "application/x-protobuf").status == 204
    assert sorted(store.lines('{service_name="packed"}')) == ["json", "protobuf \ufffd"]


def test_right_lines_beside_wrong_ones_are_taken_and_the_wrong_ones_named(store: Any) -> None:
    labels = {"service_name": "mixed"}
    answer = push(
        store,
        labels,
        [now(), "right"],
        [now(20 * 60 * 10**9), "of the future"],
        [now(1), "x" * 300_000],
        [now(2), "y" * 300_000],
    )
    assert answer.status == 400
    future, long = answer.text.rstrip("\n").split("; ")
    assert future.startswith("1 errors like: entry for stream '{service_name=\"mixed\"}' has timestamp too new: ")
    assert long == (
        "2 errors like: max entry size '262144' bytes exceeded for stream '{service_name=\"mixed\"}' "
        "while adding an entry with length '300000' bytes"
    )
    assert store.lines('{service_name="mixed"}') == ["right"]


@pytest.mark.parametrize(
    ("labels", "values", "message"),
    [
        ({f"l{i}": "v" for i in range(16)}, ["x"], " has 16 label names; limit 15"),
        ({"l" * 1025: "v"}, ["x"], f" has label name too long: '{'l' * 1025}'"),
        ({"l": "v" * 2049}, ["x"], f" has label value too long: '{'v' * 2049}'"),
        ({"l": "v"}, ["x", {"k": "v" * 70_000}], "has structured metadata too large: '70001' bytes, limit: '65536'"),
        ({"l": "v"}, ["x", {f"k{i}": "v" for i in range(129)}], "has too many structured metadata labels: '129'"),
        ({"l": "v"}, ["x", {"": "v"}], "label name is empty"),
    ],
)
def test_what_is_too_much_of_a_stream_is_refused(
    store: Any, labels: dict[str, str], values: list[Any], message: str
) -> None:
    answer = push(store, labels, [now(), *values])
    assert answer.status == 400
    assert message in answer.text


def test_metadata_get_names_of_labels_and_lose_empty_values(store: Any) -> None:
    push(store, {"service_name": "meta"}, [now(), "x", {"http.method": "GET", "1x": "y", "none": "", "level": "WARN"}])
    answer = store.get(
        "loki",
        API + "query_range",
        {"X-Loki-Response-Encoding-Flags": "categorize-labels"},
        query='{service_name="meta"}',
    )
    ((_, _, categories),) = answer.json["data"]["result"][0]["values"]
    assert categories == {
        "structuredMetadata": {"detected_level": "warn", "http_method": "GET", "key_1x": "y", "level": "WARN"}
    }


@pytest.mark.parametrize(
    ("labels", "service"),
    [
        ({"job": "j", "app": "a"}, "a"),
        ({"k8s_job_name": "k"}, "k"),
        ({"a": "b"}, "unknown_service"),
        ({"service_name": ""}, "unknown_service"),
    ],
)
def test_a_stream_gets_a_service_name(store: Any, labels: dict[str, str], service: str) -> None:
    push(store, {**labels, "case": "named"}, [now(), f"of {service}"])
    series = store.get("loki", API + "series", **{"match[]": '{case="named"}'}).json["data"]
    wanted = {name: value for name, value in labels.items() if value} | {"case": "named", "service_name": service}
    assert wanted in series


@pytest.fixture(scope="module")
def filled(store: Any) -> Any:
    """The store with two streams of one hour, ten minutes between lines."""
    end = time.time_ns() // 10**9 * 10**9 - 3600 * 10**9
    for level, text in (
        ("info", '{"user":{"id":%d},"took":"%dms","ok":true}'),
        ("error", "user=%d took=%d msg=failed"),
    ):
        values = [[str(end - i * 600 * 10**9), text % (i, i)] for i in range(7)]
        push(store, {"service_name": "shop", "level": level, "case": "volumes"}, *values)
    store.end = end
    return store


def test_the_index_knows_labels_values_and_streams_of_a_range(filled: Any) -> None:
    span = {"start": filled.end - 10**10, "end": filled.end + 1, "query": '{case="volumes"}'}
    assert filled.get("loki", API + "labels", **span).json["data"] == ["case", "level", "service_name"]
    assert filled.get("loki", API + "label", **span).json["data"] == ["case", "level", "service_name"]
    assert filled.get("loki", API + "label/level/values", **span).json["data"] == ["error", "info"]
    assert filled.get("loki", API + "label/nope/values", **span).json == {"status": "success"}
    early = {"start": 0, "end": 10**9, "query": '{case="volumes"}'}
    assert filled.get("loki", API + "labels", **early).json == {"status": "success"}
    body = b"match[]=%7Bcase%3D%22volumes%22%2C%20level%3D%22info%22%7D&start=0"
    found = filled.post("loki", API + "series", body, "application/x-www-form-urlencoded").json["data"]
    assert found == [{"case": "volumes", "level": "info", "service_name": "shop"}]


@pytest.mark.parametrize(
    ("path", "parameters", "message"),
    [
        ("labels", {"query": '{a=~".*"}'}, "empty-compatible"),
        ("series", {"match[]": '{a="b"} |= "x"'}, "only label matchers are supported"),
        ("index/stats", {}, "parse error : syntax error: unexpected $end"),
        ("index/volume", {"query": '{a="b"}', "aggregateBy": "x"}, "invalid aggregation option"),
        ("index/volume", {"query": '{a="b"}', "limit": "-1"}, "limit must be a positive value"),
        ("index/volume_range", {"query": '{a="b"}', "step": "0"}, "zero or negative query resolution step widths"),
        ("index/volume_range", {"query": '{a="b"}', "step": "0.001"}, "exceeded maximum resolution of 11,000 points"),
        ("detected_fields", {"query": 'rate({a="b"}[1m])'}, "only log selector is supported"),
        ("detected_fields", {"query": '{a="b"}', "line_limit": "5001"}, "max entries limit per query exceeded"),
        ("detected_field/x/values", {"query": '{a="b"}', "limit": "x"}, 'strconv.Atoi: parsing "x": invalid syntax'),
        ("patterns", {"query": '{a=~".*"}'}, "empty-compatible"),
        ("labels", {"since": "x"}, "could not parse 'since' parameter"),
        ("tail", {"query": '{a="b"}', "delay_for": "6"}, "delay_for can't be greater than 5"),
        ("tail", {"query": '{a="b"}'}, "Bad Request\n"),
    ],
)
def test_wrong_parameters_are_refused_in_lokis_words(
    store: Any, path: str, parameters: dict[str, str], message: str
) -> None:
    answer = store.get("loki", API + path, **parameters)
    assert answer.status == 400
    assert message in answer.text


def test_volumes_count_bytes_by_series_and_by_label(filled: Any) -> None:
    span = {"start": filled.end - 3600 * 10**9, "end": filled.end, "query": '{case="volumes"}'}
    answer = filled.get("loki", API + "index/volume", targetLabels="level", **span).json["data"]
    assert answer["resultType"] == "vector"
    sizes = {row["metric"]["level"]: int(row["value"][1]) for row in answer["result"]}
    # Lines, eight bytes for each one's level, and the two words of it once.
    words = {level: len("detected_level") + len(level) for level in LINES}
    assert sizes == {level: sum(map(len, lines)) + 7 * 8 + words[level] for level, lines in LINES.items()}
    by_label = filled.get("loki", API + "index/volume", aggregateBy="labels", limit="1", **span).json["data"]["result"]
    assert [row["metric"] for row in by_label] == [{"case": ""}]
    assert int(by_label[0]["value"][1]) == sum(sizes.values())


def test_volumes_over_time_spread_a_chunk_over_its_span(filled: Any) -> None:
    span = {"start": filled.end - 3600 * 10**9, "end": filled.end, "query": '{case="volumes", level="info"}'}
    answer = filled.get("loki", API + "index/volume_range", step="1800", **span).json["data"]
    assert answer["resultType"] == "matrix"
    first, second = answer["result"][0]["values"]
    assert first[0] == filled.end / 1e9 - 1800 - 0.001
    assert second[0] == filled.end / 1e9
    assert abs(int(first[1]) - int(second[1])) <= 2


def test_statistics_count_what_is_in_chunks(filled: Any) -> None:
    span = {"start": filled.end - 3600 * 10**9, "end": filled.end + 1, "query": '{case="volumes"}'}
    # As Loki: what has not been packed yet is not counted.
    assert filled.get("loki", API + "index/stats", **span).json == {"streams": 0, "chunks": 0, "bytes": 0, "entries": 0}


def test_labels_and_fields_are_detected(filled: Any) -> None:
    span = {"start": filled.end - 7200 * 10**9, "end": filled.end + 1, "query": '{case="volumes"}'}
    labels = filled.get("loki", API + "detected_labels", **span).json["detectedLabels"]
    assert {row["label"]: row["cardinality"] for row in labels} == {"case": 1, "level": 2, "service_name": 1}
    answer = filled.get("loki", API + "detected_fields", **span).json
    fields = {row.pop("label"): row for row in answer["fields"]}
    assert answer["limit"] == 1000
    assert fields["user_id"] == {"type": "int", "cardinality": 7, "parsers": ["json"], "jsonPath": ["user", "id"]}
    assert fields["ok"] == {"type": "boolean", "cardinality": 1, "parsers": ["json"], "jsonPath": ["ok"]}
    assert fields["user"] == {"type": "int", "cardinality": 7, "parsers": ["logfmt"]}
    assert fields["detected_level"] == {"type": "string", "cardinality": 2, "parsers": None}
    assert sorted(fields["took"]["parsers"]) == ["json", "logfmt"]
    values = filled.get("loki", API + "detected_field/user/values", limit="3", **span).json
    assert values == {"values": ["0", "1", "2"], "limit": 3}
    assert filled.get("loki", API + "detected_field/nope/values", **span).json == {}


def test_ids_are_no_detected_labels(store: Any) -> None:
    for number in range(3):
        push(store, {"case": "ids", "id": str(number), "flag": str(number % 2), "pod": str(number)}, [now(), "x"])
    labels = store.get("loki", API + "detected_labels", query='{case="ids"}').json["detectedLabels"]
    assert [row["label"] for row in labels] == ["case", "flag", "pod", "service_name"]


def test_patterns_are_found_in_the_newest_lines(filled: Any) -> None:
    span = {"start": filled.end - 7200 * 10**9, "end": filled.end + 1, "query": '{case="volumes", level="error"}'}
    (found,) = filled.get("loki", API + "patterns", step="1800", **span).json["data"]
    assert (found["pattern"], found["level"]) == ("user=<_> took=<_> msg=failed", "error")
    assert sum(count for _, count in found["samples"]) == 7
    assert all(instant % 1800 == 0 for instant, _ in found["samples"])


def test_a_series_has_no_label_for_an_empty_parsed_value(store: Any) -> None:
    push(store, {"service_name": "empty"}, [now(), '{"a":"1","note":""}'])
    answer = store.get("loki", API + "query", query='count_over_time({service_name="empty"} | json [1m])').json
    (series,) = answer["data"]["result"]
    assert series["metric"]["a"] == "1"
    assert "note" not in series["metric"]


def test_levels_are_left_out_on_request(start_store: Callable[..., Any]) -> None:
    store = start_store("--discover-log-levels", "false")
    push(store, {"service_name": "plain"}, [now(), "error"])
    (stream,) = store.get("loki", API + "query_range", query='{service_name="plain"}').json["data"]["result"]
    assert stream["stream"] == {"service_name": "plain"}


def test_what_grafana_asks_beside_queries_is_answered(store: Any) -> None:
    assert store.get("loki", "/ready").text == "ready\n"
    assert store.get("loki", API + "status/buildinfo").json["version"] == "3.7.6"
    assert store.get("loki", "/prometheus/api/v1/rules").json["data"] == {"groups": []}
    assert store.get("loki", "/prometheus/api/v1/alerts").json["data"] == {"alerts": []}
    assert store.get("loki", API + "rules").status == 404
    assert store.get("loki", API + "drilldown-limits").json["limits"]["discover_log_levels"] is True
    missing = store.get("loki", API + "nope")
    assert (missing.status, missing.text) == (404, "404 page not found\n")
