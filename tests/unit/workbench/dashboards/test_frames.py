"""Answers of the three APIs become frames whose fields are called as Grafana calls them."""

from typing import Any

import pytest

from tests.browser import Modules


def question(ref_id: str = "A", **others: Any) -> dict[str, Any]:
    return {"source": "prometheus", "kind": "range", "ref_id": ref_id, "form": "time_series", "legend": "", **others}


def frames_of(module: Modules, *answers: dict[str, Any]) -> list[dict[str, Any]]:
    found = module("dashboards/frames.js", "(m, answers) => m.framesOf(answers)", list(answers))
    assert isinstance(found, list)
    return found


def names(frame: dict[str, Any]) -> list[str]:
    return [field["name"] for field in frame["fields"]]


def series(value: float, **labels: str) -> dict[str, Any]:
    return {"labels": labels, "times": [1, 2], "values": [value, value]}


def sample(value: float, **labels: str) -> dict[str, Any]:
    return {"labels": labels, "time": 10, "value": value}


def test_a_series_is_a_frame_called_as_the_legend_says(module: Modules) -> None:
    answer = {
        "question": question(legend="p95 {{ route }}"),
        "series": [series(1, route="/user"), series(2, route="/")],
    }
    frames = frames_of(module, answer)
    assert [frame["fields"][1]["title"] for frame in frames] == ["p95 /user", "p95 /"]
    assert [names(frame) for frame in frames] == [["Time", "Value"]] * 2


def test_without_a_legend_a_series_is_called_by_what_tells_it_from_the_others(module: Modules) -> None:
    answer = {
        "question": question(),
        "series": [series(1, job="chain", service="a"), series(2, job="chain", service="b")],
    }
    assert [frame["fields"][1]["title"] for frame in frames_of(module, answer)] == ["a", "b"]
    two = {"question": question(), "series": [series(1, a="1", b="2"), series(1, a="2", b="1")]}
    assert frames_of(module, two)[0]["fields"][1]["title"] == '{a="1", b="2"}'


def test_a_legend_with_a_label_that_is_not_there_leaves_it_out(module: Modules) -> None:
    answer = {"question": question(legend="{{service}} {{gone}}"), "series": [series(1, service="a")]}
    assert frames_of(module, answer)[0]["fields"][1]["title"] == "a "


def test_a_table_has_a_row_a_sample_and_a_column_a_label(module: Modules) -> None:
    answer = {
        "question": question(kind="instant", form="table"),
        "samples": [sample(1, service="a"), sample(2, service="b", level="error")],
    }
    (frame,) = frames_of(module, answer)
    assert names(frame) == ["Time", "level", "service", "Value"]
    assert [field["values"] for field in frame["fields"]] == [[10, 10], [None, "error"], ["a", "b"], [1, 2]]


def test_the_value_has_its_letter_where_there_are_several_and_always_for_loki(module: Modules) -> None:
    tables = [
        {"question": question(letter, kind="instant", form="table"), "samples": [sample(1)]} for letter in ("A", "B")
    ]
    assert [names(frame)[-1] for frame in frames_of(module, *tables)] == ["Value #A", "Value #B"]
    loki = {"question": question(source="loki", kind="instant"), "samples": [sample(1, table="users")]}
    assert names(frames_of(module, loki)[0]) == ["Time", "table", "Value #A"]


def test_an_instant_question_without_a_form_is_a_series_of_one_point(module: Modules) -> None:
    answer = {"question": question(kind="instant", legend="{{s}}"), "samples": [sample(3, s="x")]}
    (frame,) = frames_of(module, answer)
    assert frame["fields"][1] == {"name": "Value", "type": "number", "values": [3], "labels": {"s": "x"}, "title": "x"}


def trace() -> dict[str, Any]:
    span = {"spanId": "b" * 16, "name": "query_execution", "start": 5.5, "durationSeconds": 0.002}
    attributes = {"db.collection.name": "users", "rows": 3}
    return {
        "traceId": "a" * 32,
        "start": 5,
        "rootService": "frontend",
        "rootName": "GET /",
        "durationSeconds": 0.25,
        "spanSets": [{"matched": 1, "spans": [{**span, "attributes": attributes}]}],
    }


def test_traces_are_a_table_in_milliseconds(module: Modules) -> None:
    answer = {"question": question(source="tempo", kind="search", form="traces"), "traces": [trace()]}
    (frame,) = frames_of(module, answer)
    row = {field["name"]: field["values"][0] for field in frame["fields"]}
    assert row == {"Trace ID": "a" * 32, "Start time": 5, "Service": "frontend", "Name": "GET /", "Duration": 250}


def test_spans_are_a_table_with_the_attributes_that_were_selected(module: Modules) -> None:
    answer = {"question": question(source="tempo", kind="search", form="spans"), "traces": [trace()]}
    (frame,) = frames_of(module, answer)
    shown = {field["name"]: field["values"][0] for field in frame["fields"] if not field.get("hidden")}
    assert shown == {
        "Trace ID": "a" * 32,
        "Start time": 5.5,
        "Name": "query_execution",
        "db.collection.name": "users",
        "rows": "3",
        "Duration": 2_000_000,
    }


@pytest.mark.parametrize(
    ("fields", "has"),
    [
        ([{"type": "time", "values": [1]}, {"type": "number", "values": [0]}], True),
        ([{"type": "time", "values": [1, 2]}, {"type": "number", "values": [None, None]}], False),
        ([{"type": "time", "values": []}, {"type": "number", "values": []}], False),
        ([{"type": "string", "values": ["x"]}, {"type": "number", "values": [None]}], True),
    ],
)
def test_what_has_no_number_at_any_time_has_nothing_to_draw(
    fields: list[dict[str, Any]], has: bool, module: Modules
) -> None:
    frames = [{"length": len(fields[0]["values"]), "fields": fields}]
    assert module("dashboards/frames.js", "(m, frames) => m.hasData(frames)", frames) is has
