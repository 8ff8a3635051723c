"""What goes into the trace storage comes out: whole, once, whatever is packed, restarted and deleted in between."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry_store.deadline import Deadline
from telemetry_store.traces.columns import SpanBlock
from telemetry_store.traces.ingest import Batch, SpanRow, decode_json
from telemetry_store.traces.spans import StoredSpan, attributes_by_name
from telemetry_store.traces.storage import TraceStorage

SECOND = 10**9
EVER = (-(2**63), 2**63 - 1)

texts = st.text(max_size=5)
attribute_values: Any = st.recursive(
    st.one_of(
        st.builds(lambda text: {"stringValue": text}, texts),
        st.builds(lambda flag: {"boolValue": flag}, st.booleans()),
        st.builds(lambda number: {"intValue": str(number)}, st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3)),
        st.builds(lambda number: {"doubleValue": number}, st.floats(allow_nan=False, allow_infinity=False)),
        st.sampled_from([{"doubleValue": "NaN"}, {"doubleValue": "Infinity"}, {"bytesValue": "AAE="}, {}]),
    ),
    lambda values: st.one_of(
        st.builds(lambda items: {"arrayValue": {"values": items}}, st.lists(values, max_size=3)),
        st.builds(
            lambda items: {"kvlistValue": {"values": [{"key": "k", "value": item} for item in items]}},
            st.lists(values, max_size=2),
        ),
    ),
    max_leaves=4,
)
attributes = st.lists(
    st.builds(lambda key, value: {"key": key, "value": value}, st.sampled_from(["a", "b", "é", ""]), attribute_values),
    max_size=4,
)
times = st.integers(0, 20).map(lambda seconds: seconds * SECOND) | st.integers(0, 2**63 - 1)
few_ids = st.integers(1, 4)


@st.composite
def spans(draw: st.DrawFn) -> dict[str, Any]:
    start = draw(times)
    return {
        "traceId": f"{draw(few_ids):032x}",
        "spanId": f"{draw(few_ids):016x}",
        "parentSpanId": draw(st.sampled_from(["", f"{draw(few_ids):016x}"])),
        "name": draw(texts),
        "kind": draw(st.integers(0, 5)),
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(min(start + draw(st.integers(0, SECOND)), 2**63 - 1)),
        "status": {"code": draw(st.integers(0, 2)), "message": draw(texts)},
        "attributes": draw(attributes),
        "events": draw(
            st.lists(
                st.fixed_dictionaries({"name": texts, "timeUnixNano": times, "attributes": attributes}), max_size=2
            )
        ),
        "links": [{"traceId": f"{draw(few_ids):032x}", "spanId": "00000000000000ff"}] * draw(st.integers(0, 1)),
    }


requests = st.builds(
    lambda service, sent: {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
                "scopeSpans": [{"scope": {"name": "scope"}, "spans": sent}],
            }
        ]
    },
    st.sampled_from(["one", "two"]),
    st.lists(spans(), min_size=1, max_size=6),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), requests),
        st.tuples(st.just("pack"), st.sets(few_ids)),
        st.tuples(st.sampled_from(["pack all", "restart", "kill", "query"]), st.none()),
    ),
    min_size=1,
    max_size=9,
)

Model = dict[bytes, dict[tuple[bytes, SpanRow], None]]


@contextmanager
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def trace_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def batch_of(*sent: dict[str, Any], service: str = "service") -> Batch:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return decode_json(orjson.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(sent)}]}]}))


def span(trace: int, number: int, start_seconds: float = 0, **more: Any) -> dict[str, Any]:
    start = int(start_seconds * SECOND)
    return {
        "traceId": f"{trace:032x}",
        "spanId": f"{number:016x}",
        "name": f"span {number}",
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 1000),
        **more,
    }


def take(storage: TraceStorage, model: Model, batch: Batch) -> None:
    storage.append(batch, 100)
    for source, rows in batch:
        for row in rows:
            model.setdefault(row[0], {})[source, row] = None


def expected(source: bytes, row: SpanRow) -> dict[str, Any]:
    """A span as its block should show it."""
    stored = StoredSpan.of(source, row)
    details = stored.details

    def of(items: str, name: str) -> list[Any]:
        return [
            by_name.get(name) for item in details.get(items, ()) if (by_name := attributes_by_name(item["attributes"]))
        ]

    named = attributes_by_name(details.get("attributes", ()))
    return {
        "trace": stored.trace_id,
        "span": int.from_bytes(stored.span_id, "big"),
        "parent": int.from_bytes(stored.parent_id, "big"),
        "name": stored.name,
        "kind": stored.kind,
        "status": stored.status,
        "message": details.get("statusMessage"),
        "start": stored.start,
        "duration": stored.duration,
        "service": stored.source.service_name,
        "attributes": {name: repr(value) for name, value in named.items() if value is not None},
        "events": [event.get("name", "") for event in details.get("events", ())],
        "links": [link["traceId"] for link in details.get("links", ())],
    }


def shown(block: SpanBlock) -> list[dict[str, Any]]:
    """Every span of a block."""

    def column(name: str) -> list[Any]:
        intrinsic = block.intrinsic(name)
        return [intrinsic.values[code] if code >= 0 else None for code in intrinsic.codes]

    columns = {name: column(f"span:{name}") for name in ("name", "kind", "status", "statusMessage")}
    service = column("service")
    attributes_of: list[dict[str, str]] = [{} for _ in range(block.count)]
    for name in block.attribute_names("span"):
        attribute = block.attribute("span", name)
        for row, code in enumerate(attribute.codes):
            if code >= 0:
                attributes_of[row][name] = repr(attribute.values[code])
    items: dict[str, list[list[Any]]] = {}
    for kind, (rows, found) in {"event": block.events("event:name"), "link": block.links("link:traceID")}.items():
        items[kind] = [[] for _ in range(block.count)]
        for row, code in zip(rows, found.codes, strict=True):
            items[kind][row].append(found.values[code])
    return [
        {
            "trace": block.trace_ids[block.trace[row]],
            "span": int(block.span_ids[row]),
            "parent": int(block.parent_ids[row]),
            "name": columns["name"][row],
            "kind": columns["kind"][row],
            "status": columns["status"][row],
            "message": columns["statusMessage"][row],
            "start": int(block.start[row]),
            "duration": int(block.duration[row]),
            "service": service[row],
            "attributes": attributes_of[row],
            "events": items["event"][row],
            "links": items["link"][row],
        }
        for row in range(block.count)
    ]


def check(storage: TraceStorage, model: Model) -> None:
    with storage.reader(Deadline()) as view:
        blocks = list(view.blocks(*EVER))
        seen = Counter(trace for block in blocks for trace in block.trace_ids)
        assert seen == Counter(model.keys())
        assert [block.newest for block in blocks] == sorted((block.newest for block in blocks), reverse=True)
        for block in blocks:
            found: dict[bytes, list[dict[str, Any]]] = {}
            for row in shown(block):
                found.setdefault(row["trace"], []).append(row)
            for id_, rows in found.items():
                wanted = [expected(*kept) for kept in model[id_]]
                assert sorted(rows, key=repr) == sorted(wanted, key=repr)
                assert [row["start"] for row in rows] == sorted(row["start"] for row in rows)
            starts = block.trace_start.tolist()
            assert starts == sorted(starts)
            assert all(start <= block.newest for start in starts)
            for row, parent in enumerate(block.parent.tolist()):
                if parent >= 0:
                    assert block.span_ids[parent] == block.parent_ids[row]
                    assert block.trace[parent] == block.trace[row]
        for id_, kept in model.items():
            assert sorted(map(repr, view.trace(id_))) == sorted(repr(StoredSpan.of(*each)) for each in kept)
        assert view.trace(trace_id(99)) == []


@settings(max_examples=40, deadline=None)
@given(steps=steps)
def test_what_goes_in_comes_out_whole_and_once(steps: list[tuple[str, Any]]) -> None:
    with directory() as first:
        place = first
        storage = TraceStorage(place)
        model: Model = {}
        try:
            for number, (step, argument) in enumerate(steps):
                match step:
                    case "append":
                        take(storage, model, decode_json(orjson.dumps(argument)))
                    case "pack":
                        storage.checkpoint({trace_id(id_) for id_ in argument})
                    case "pack all":
                        storage.checkpoint()
                    case "restart":
                        storage.close()
                        storage = TraceStorage(place)
                    case "kill":
                        # What a killed process leaves: the files as they lie there.
                        storage.database.settle()
                        copy = first / str(number)
                        copy.mkdir()
                        for file in place.glob("traces.db*"):
                            shutil.copy(file, copy)
                        storage.close()
                        place, storage = copy, TraceStorage(copy)
                    case "query":
                        check(storage, model)
            check(storage, model)
        finally:
            storage.close()


@settings(max_examples=25, deadline=None)
@given(
    sent=st.lists(st.tuples(few_ids, st.integers(1, 60), st.integers(0, 100), st.booleans()), min_size=1, max_size=25),
    cutoff=st.integers(0, 101),
    restart=st.booleans(),
)
def test_retention_deletes_nothing_that_is_young_enough(
    sent: list[tuple[int, int, int, bool]], cutoff: int, restart: bool
) -> None:
    with directory() as place:
        storage = TraceStorage(place)
        model: Model = {}
        try:
            for trace, number, start, pack in sent:
                take(storage, model, batch_of(span(trace, number, start)))
                if pack:
                    storage.checkpoint()
            storage.delete_before(cutoff)
            if restart:
                storage.close()
                storage = TraceStorage(place)
            with storage.reader(Deadline()) as view:
                left = [row for block in view.blocks(*EVER) for row in shown(block)]
            names = Counter((row["trace"], row["span"], row["start"]) for row in left)
            young = Counter(
                (row[0], int.from_bytes(row[1], "big"), row[6])
                for kept in model.values()
                for _, row in kept
                if row[6] >= cutoff * SECOND
            )
            assert young <= names
            assert all(count == 1 for count in names.values())
            oldest = storage.oldest_time()
            assert oldest is None or oldest >= cutoff
        finally:
            storage.close()


def test_nothing_stays_in_the_file_once_everything_is_too_old(tmp_path: Path) -> None:
    storage = TraceStorage(tmp_path)
    for trace in range(1, 6):
        storage.append(batch_of(span(trace, 1, trace), service=f"service {trace}"), 100)
        storage.checkpoint()
    storage.append(batch_of(span(1, 2, 3)), 100)
    with storage.reader(Deadline()) as view:
        assert len(view.trace(trace_id(1))) == 2
    storage.delete_before(1000)
    with storage.database.reader() as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        counts = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
    assert counts == dict.fromkeys(("block", "block_column", "content", "trace", "append"), 0)
    assert storage.oldest_time() is None
    storage.close()


def test_a_span_counts_once_however_often_it_is_sent(tmp_path: Path) -> None:
    storage = TraceStorage(tmp_path)
    batch = batch_of(span(1, 1), span(1, 2))
    for _ in range(2):
        storage.append(batch, 100)
        storage.append(batch, 100)
        storage.checkpoint()
    storage.append(batch, 100)
    (block,) = storage.blocks(*EVER, Deadline())
    assert block.count == 2
    storage.close()


def test_a_client_and_a_server_may_share_a_span_id(tmp_path: Path) -> None:
    storage = TraceStorage(tmp_path)
    storage.append(batch_of(span(1, 1, 0), span(1, 2, 1, kind=3, parentSpanId=f"{1:016x}"), service="caller"), 100)
    storage.append(batch_of(span(1, 2, 2, kind=2, parentSpanId=f"{1:016x}"), service="called"), 100)
    storage.append(batch_of(span(1, 3, 3, kind=1, parentSpanId=f"{2:016x}"), service="called"), 100)
    for _ in range(2):
        (block,) = storage.blocks(*EVER, Deadline())
        # The inner span is the server's child; the server's is the root's, whose id is named.
        assert block.parent.tolist() == [-1, 0, 0, 2]
        storage.checkpoint()
    storage.close()


def test_parents_may_form_circles_or_be_missing(tmp_path: Path) -> None:
    storage = TraceStorage(tmp_path)
    around = [(1, 2), (2, 1), (3, 3), (4, 77)]
    storage.append(batch_of(*(span(1, own, own, parentSpanId=f"{parent:016x}") for own, parent in around)), 100)
    (block,) = storage.blocks(*EVER, Deadline())
    assert block.parent.tolist() == [1, 0, 2, -1]
    assert block.root.tolist() == [-1]
    storage.close()


def test_a_trace_of_ten_thousand_spans_is_one_trace(tmp_path: Path) -> None:
    storage = TraceStorage(tmp_path)
    for position in range(0, 10_000, 1000):
        batch = batch_of(*(span(1, number + 1, number / 1000) for number in range(position, position + 1000)))
        storage.append(batch, 100_000)
        if position in (3000, 7000):
            storage.checkpoint()
    (block,) = storage.blocks(*EVER, Deadline())
    assert (block.trace_count, block.count) == (1, 10_000)
    with storage.reader(Deadline()) as view:
        assert len(view.trace(trace_id(1))) == 10_000
    storage.close()


def test_old_and_new_traces_are_in_blocks_of_their_own_time(tmp_path: Path) -> None:
    storage = TraceStorage(tmp_path)
    storage.append(batch_of(span(1, 1, 10)), 100)
    storage.checkpoint()
    storage.append(batch_of(span(2, 1, 1000)), 100)
    assert [block.trace_ids for block in storage.blocks(*EVER, Deadline())] == [[trace_id(2)], [trace_id(1)]]
    assert [b.trace_ids for b in storage.blocks(0, 20 * SECOND, Deadline())] == [[trace_id(1)]]
    assert [b.trace_ids for b in storage.blocks(20 * SECOND, 2000 * SECOND, Deadline())] == [[trace_id(2)]]
    storage.close()


def test_a_query_sees_one_moment_whatever_is_packed_or_deleted_meanwhile(tmp_path: Path) -> None:
    storage = TraceStorage(tmp_path)
    model: Model = {}
    take(storage, model, batch_of(span(1, 1, 1), span(2, 1, 2)))
    storage.checkpoint({trace_id(1)})
    with storage.reader(Deadline()) as view:
        storage.append(batch_of(span(1, 2, 3)), 100)
        storage.checkpoint()
        storage.delete_before(1000)
        assert sorted(id_ for block in view.blocks(*EVER) for id_ in block.trace_ids) == [trace_id(1), trace_id(2)]
        assert [stored.name for stored in view.trace(trace_id(2))] == ["span 1"]
    assert list(storage.blocks(*EVER, Deadline())) == []
    storage.close()


@pytest.mark.parametrize(
    "value",
    [
        {"intValue": str(-(2**63))},
        {"intValue": str(2**63 - 1)},
        {"doubleValue": "1e999"},
        {"doubleValue": "-Infinity"},
        {"arrayValue": {"values": [{"doubleValue": "NaN"}, {"doubleValue": 1}]}},
        {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "x"}]}},
        {"kvlistValue": {"values": [{"key": "k", "value": {}}]}},
        {"stringValue": None},
        {},
    ],
)
def test_no_value_that_is_taken_can_stop_the_packing(tmp_path: Path, value: dict[str, Any]) -> None:
    storage = TraceStorage(tmp_path)
    odd = span(1, 1, attributes=[{"key": "", "value": value}, {"key": "b"}], kind=2**31 - 1, name="\0")
    storage.append(batch_of({**odd, "startTimeUnixNano": "0", "endTimeUnixNano": str(2**63 - 1)}), 100)
    storage.checkpoint()
    (block,) = storage.blocks(*EVER, Deadline())
    assert (block.count, sorted(block.attribute_names("span"))) == (1, ["", "b"])
    storage.close()


@pytest.mark.parametrize("packed", [False, True])
def test_columns_hold_values_by_type(tmp_path: Path, packed: bool) -> None:
    storage = TraceStorage(tmp_path)
    values = [{"intValue": "1"}, {"doubleValue": 1.0}, {"boolValue": True}, {"stringValue": "1"}, {"intValue": 1}]
    storage.append(
        batch_of(*(span(1, number + 1, attributes=[{"key": "a", "value": v}]) for number, v in enumerate(values))), 100
    )
    if packed:
        storage.checkpoint()
    (block,) = storage.blocks(*EVER, Deadline())
    column = block.attribute("span", "a")
    assert [(type(value), value) for value in column.values] == [(int, 1), (float, 1.0), (bool, True), (str, "1")]
    assert column.codes.tolist() == [0, 1, 2, 3, 0]
    missing = block.attribute("span", "nope")
    assert (list(missing.values), missing.codes.tolist()) == ([], [-1] * 5)
    storage.close()
