"""Where boxes, edges and labels of a graph lie: nothing on anything else, the same every time."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.browser import Modules
from tests.unit.workbench.graph.graphs import Graph, by_chance, graph, tree

Box = dict[str, float]

_LAY_OUT = """(m, graphs) => graphs.map(({ boxes, edges, before, ...options }) =>
  m.layout(boxes, edges, { ...options, before: new Map(Object.entries(before ?? {})) }))"""

DIRECTIONS = ("right", "down")


def lay_out(module: Modules, *graphs: Graph, **options: Any) -> list[dict[str, Any]]:
    answers = module("graph/layout.js", _LAY_OUT, [{**options, **one} for one in graphs])
    return [{**answer, "boxes": dict(answer["boxes"])} for answer in answers]


def overlap(one: Box, other: Box) -> bool:
    slack = 0.01
    return (
        one["x"] < other["x"] + other["width"] - slack
        and other["x"] < one["x"] + one["width"] - slack
        and one["y"] < other["y"] + other["height"] - slack
        and other["y"] < one["y"] + one["height"] - slack
    )


def points_on(edge: dict[str, Any], direction: str) -> list[tuple[float, float]]:
    """Points of the curve: between two waypoints it is a cubic with both ends in the graph's direction."""
    found = []
    for (x0, y0), (x1, y1) in itertools.pairwise(edge["points"]):
        for step in range(21):
            u = step / 20
            bent = 3 * u * u - 2 * u * u * u
            along, across = (u, bent) if direction == "right" else (bent, u)
            found.append((x0 + (x1 - x0) * along, y0 + (y1 - y0) * across))
    return found


def columns(boxes: dict[str, Box]) -> dict[str, int]:
    middles = sorted({round(box["x"] + box["width"] / 2) for box in boxes.values()})
    return {name: middles.index(round(box["x"] + box["width"] / 2)) for name, box in boxes.items()}


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        (["a b", "b c"], {"a": 0, "b": 1, "c": 2}),
        (["a b", "b c", "a c"], {"a": 0, "b": 1, "c": 2}),
        (["a b", "a c", "b d", "c d"], {"a": 0, "b": 1, "c": 1, "d": 2}),
        # A cycle is opened where a walk along it comes back.
        (["a b", "b c", "c a"], {"a": 0, "b": 1, "c": 2}),
        (["a b", "b a"], {"a": 0, "b": 1}),
        (["world a", "a b", "b a"], {"world": 0, "a": 1, "b": 2}),
        # Who calls only somebody far away stands next to them.
        (["a b", "b c", "c d", "e d"], {"a": 0, "b": 1, "c": 2, "d": 3, "e": 2}),
        (["a a"], {"a": 0}),
    ],
)
def test_callers_stand_left_of_whom_they_call(module: Modules, edges: list[str], expected: dict[str, int]) -> None:
    (placed,) = lay_out(module, graph(*edges))
    assert columns(placed["boxes"]) == expected


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_nothing_lies_on_anything_else(module: Modules, direction: str) -> None:
    graphs = [by_chance(seed) for seed in range(32)]
    for given, placed in zip(graphs, lay_out(module, *graphs, direction=direction), strict=True):
        boxes = placed["boxes"]
        labels = [edge["label"] for edge in placed["edges"] if edge["label"]]
        assert len(boxes) == len(given["boxes"])
        assert len(placed["edges"]) == len(given["edges"])
        for one, other in itertools.combinations([*boxes.values(), *labels], 2):
            assert not overlap(one, other)
        for box in boxes.values():
            assert box["x"] >= -0.1
            assert box["y"] >= -0.1
            assert box["x"] + box["width"] <= placed["width"] + 0.1
            assert box["y"] + box["height"] <= placed["height"] + 0.1


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_no_edge_passes_through_a_box(module: Modules, direction: str) -> None:
    graphs = [by_chance(seed) for seed in range(24)]
    for placed in lay_out(module, *graphs, direction=direction):
        for edge in placed["edges"]:
            if edge["source"] == edge["target"]:
                continue
            for x, y in points_on(edge, direction):
                through = [
                    name
                    for name, box in placed["boxes"].items()
                    if box["x"] + 1 < x < box["x"] + box["width"] - 1
                    and box["y"] + 1 < y < box["y"] + box["height"] - 1
                ]
                assert through == [], (edge["source"], edge["target"])


def test_edges_begin_and_end_at_their_boxes(module: Modules) -> None:
    graphs = [by_chance(seed) for seed in range(16)]
    for placed in lay_out(module, *graphs):
        for edge in placed["edges"]:
            if edge["source"] == edge["target"]:
                continue
            for name, (x, y) in ((edge["source"], edge["points"][0]), (edge["target"], edge["points"][-1])):
                box = placed["boxes"][name]
                assert min(abs(x - box["x"]), abs(x - box["x"] - box["width"])) < 0.1
                assert box["y"] <= y <= box["y"] + box["height"]


def test_edges_of_a_tree_do_not_cross(module: Modules) -> None:
    for placed in lay_out(module, *(tree(seed) for seed in range(16))):
        boxes = placed["boxes"]
        column = columns(boxes)
        for one, other in itertools.combinations(placed["edges"], 2):
            if column[one["source"]] != column[other["source"]]:
                continue
            ends = [(edge["points"][0][1], edge["points"][-1][1]) for edge in (one, other)]
            (from_one, to_one), (from_other, to_other) = ends
            assert (from_one - from_other) * (to_one - to_other) >= 0, (one["source"], other["source"])


def test_the_order_in_which_a_graph_is_told_does_not_matter(module: Modules) -> None:
    graphs = [by_chance(seed) for seed in range(16)]
    turned = [{"boxes": one["boxes"][::-1], "edges": one["edges"][::-1]} for one in graphs]
    assert [sorted(one["boxes"].items()) for one in lay_out(module, *graphs)] == [
        sorted(one["boxes"].items()) for one in lay_out(module, *turned)
    ]


def test_a_box_that_appears_leaves_the_others_in_their_order(module: Modules) -> None:
    for seed in range(16):
        before = tree(seed)
        (first,) = lay_out(module, before)
        more = {
            "boxes": [*before["boxes"], {"id": "aaa new", "width": 120, "height": 60}],
            "edges": [*before["edges"], {"source": "n0", "target": "aaa new", "label": None}],
            "before": first["boxes"],
        }
        (second,) = lay_out(module, more)
        column = columns(first["boxes"])
        for one, other in itertools.combinations(first["boxes"], 2):
            if column[one] == column[other]:
                was = first["boxes"][one]["y"] < first["boxes"][other]["y"]
                assert (second["boxes"][one]["y"] < second["boxes"][other]["y"]) == was


def test_spare_room_widens_the_gaps_and_nothing_else(module: Modules) -> None:
    narrow, wide = lay_out(module, graph("a b", "b c"), {**graph("a b", "b c"), "available": 900})
    assert narrow["width"] < 900
    assert wide["width"] == pytest.approx(900)
    assert [box["width"] for box in wide["boxes"].values()] == [120, 120, 120]


def test_a_chain_is_a_straight_line(module: Modules) -> None:
    right, down = lay_out(module, graph("a b", "b c")), lay_out(module, graph("a b", "b c"), direction="down")
    assert len({box["y"] for box in right[0]["boxes"].values()}) == 1
    assert len({box["x"] for box in down[0]["boxes"].values()}) == 1
    assert all("C" not in edge["path"] for edge in [*right[0]["edges"], *down[0]["edges"]])


def test_boxes_without_edges_stand_in_rows_below(module: Modules) -> None:
    (placed,) = lay_out(module, {**graph("a b", alone="c d e f"), "available": 420})
    boxes = placed["boxes"]
    assert min(boxes[name]["y"] for name in "cdef") > boxes["a"]["y"] + boxes["a"]["height"]
    assert len({boxes[name]["y"] for name in "cdef"}) == 2


def test_nothing_is_laid_out_as_nothing(module: Modules) -> None:
    (placed,) = lay_out(module, {"boxes": [], "edges": [{"source": "a", "target": "b"}]})
    assert placed == {"width": 0, "height": 0, "boxes": {}, "edges": []}


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("frontend", 8, "frontend"),
        ("a-very-long-name", 8, "a-very-…"),
        ("two words", 5, "two…"),
        ("🦜🦜🦜🦜", 3, "🦜🦜…"),
    ],
)
def test_text_that_does_not_fit_is_shortened(module: Modules, text: str, most: int, shown: str) -> None:
    asked = "(m, [text, most]) => m.shortened(text, most, (part) => [...part].length)"
    assert module("graph/fitting.js", asked, [text, most]) == shown
