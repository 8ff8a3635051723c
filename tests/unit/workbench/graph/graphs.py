"""Graphs for the layout's tests: some by hand, many by chance, always the same ones."""

from __future__ import annotations

import random
from typing import Any

Graph = dict[str, Any]


def graph(*edges: str, alone: str = "") -> Graph:
    """graph("a b", "b c", alone="d"): boxes of one size, each edge with a label."""
    pairs = [tuple(edge.split()) for edge in edges]
    names = dict.fromkeys([name for pair in pairs for name in pair] + alone.split())
    return {
        "boxes": [{"id": name, "width": 120, "height": 60} for name in names],
        "edges": [{"source": a, "target": b, "label": {"width": 80, "height": 36}} for a, b in pairs],
    }


def by_chance(seed: int) -> Graph:
    """Up to 60 boxes of different sizes, cycles, loops and several parts among them."""
    chance = random.Random(seed)
    count = chance.randint(1, 60 if seed % 8 == 0 else 18)
    names = [f"n{number}" for number in range(count)]
    pairs = {(chance.choice(names), chance.choice(names)) for _ in range(chance.randint(0, int(count * 1.7)))}
    return {
        "boxes": [{"id": name, "width": chance.randint(80, 200), "height": chance.randint(40, 120)} for name in names],
        "edges": [
            {"source": a, "target": b, "label": {"width": 90, "height": 34} if chance.random() < 0.7 else None}
            for a, b in sorted(pairs)
        ],
    }


def tree(seed: int) -> Graph:
    """Each box but the first is called by one that came before."""
    chance = random.Random(seed)
    count = chance.randint(2, 40)
    return graph(*(f"n{chance.randrange(number)} n{number}" for number in range(1, count)))
