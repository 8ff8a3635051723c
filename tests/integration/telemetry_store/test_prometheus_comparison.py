"""The store's PromQL beside a real Prometheus' over the same data: written queries, and random ones from a grammar."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings

from telemetry_store.metrics.storage import MetricStorage
from tests.integration.telemetry_store import prometheus_comparison as comparison
from tests.integration.telemetry_store import promql_grammar

QUERIES = Path(__file__).resolve().parents[2] / "data" / "telemetry_store" / "promql_queries.txt"
BEGIN = comparison.BEGIN

#: Instants and grids at which every query is asked: off the beat of the scrapes, and after the end.
INSTANTS = (3333.3, 6000)
GRIDS: tuple[tuple[float, float, Any], ...] = ((600, 4200, 60), (4000.5, 6500, "97s"))

Ask = Callable[..., str | None]


def written() -> Iterator[Any]:
    """Each query with its section; `[ordered]` in front says that an instant query's series have an order."""
    section = ""
    for line in QUERIES.read_text().splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif line.strip() and not line.startswith("# "):
            query = line.removeprefix("[ordered] ")
            yield pytest.param(query, query != line, id=f"{section}: {query}")


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory, store_of: Callable[..., Any]) -> Iterator[Ask]:
    """Asks both servers; gives what is not the same in their answers."""
    prometheus = comparison.Prometheus.start(tmp_path_factory.mktemp("prometheus"))
    directory = tmp_path_factory.mktemp("filled")
    storage = MetricStorage(directory)
    for labels, samples in comparison.series():
        series = storage.series_of(tuple(sorted(labels.items())))
        storage.append([(series, value, instant) for instant, value in samples])
    storage.checkpoint()
    storage.close()
    # The later option counts.
    store = store_of("--data-dir", str(directory))

    def both(path: str, parameters: dict[str, Any], ordered: bool = False, words: bool = True) -> str | None:
        ours = comparison.ask(store.urls["prometheus"], path, parameters)
        theirs = comparison.ask(prometheus.url, path, parameters)
        return comparison.difference(ours, theirs, ordered=ordered, words=words)

    yield both
    prometheus.stop()
    assert store.stop() == 0


@pytest.mark.parametrize(("query", "ordered"), list(written()))
def test_a_written_query_is_answered_as_prometheus_does(ask: Ask, query: str, ordered: bool) -> None:
    for seconds in INSTANTS:
        assert ask("/api/v1/query", {"query": query, "time": BEGIN + seconds}, ordered=ordered) is None
    for start, end, step in GRIDS:
        parameters = {"query": query, "start": BEGIN + start, "end": BEGIN + end, "step": step}
        assert ask("/api/v1/query_range", parameters, ordered=True) is None
    assert ask("/api/v1/format_query", {"query": query}) is None


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"time": "now"},
        {"time": "2023-11-14T06:20:00Z"},
        {"time": "2023-11-14T07:20:00.25+01:00"},
        {"time": "1.7000046e9"},
        {"time": BEGIN + 0.0004},
        {"timeout": "5s"},
        {"timeout": "x"},
        {"timeout": "1.5"},
        {"time": ""},
        {"time": "2023-11-14"},
    ],
    ids=str,
)
def test_parameters_of_an_instant_query_are_read_alike(ask: Ask, parameters: dict[str, Any]) -> None:
    assert ask("/api/v1/query", {"query": "up", **parameters}) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"start": ""},
        {"end": ""},
        {"step": ""},
        {"start": "x"},
        {"end": "x"},
        {"step": "x"},
        {"step": "0"},
        {"step": "-1"},
        {"step": "1m"},
        {"step": "1h30m"},
        {"step": "0.5"},
        {"step": "1e3"},
        {"step": "1d1w"},
        {"step": "NaNs"},
        {"end": BEGIN - 1},
        {"end": BEGIN},
        {"step": "0.01"},
        {"end": BEGIN + 11_000, "step": "1"},
        {"end": BEGIN + 11_001, "step": "1"},
        {"start": "2023-11-14T05:13:20Z", "end": "2023-11-14T06:13:20.5Z"},
        {"timeout": "x"},
        {"query": ""},
        {"query": "up["},
        {"query": "up[5m]"},
        {"query": "'text'"},
        {"query": "1"},
    ],
    ids=str,
)
def test_parameters_of_a_range_query_are_read_alike(ask: Ask, changed: dict[str, Any]) -> None:
    parameters = {"query": "up", "start": BEGIN, "end": BEGIN + 600, "step": 60, **changed}
    assert ask("/api/v1/query_range", parameters) is None


#: What differs by a last bit between the mathematics of Go and of C; a remainder makes a great difference of it.
_INEXACT = ("^", "exp", "sinh", "cosh", "tan", "ln", "log", "sin", "cos", "sqrt", "deg", "rad", "deriv", "quantile")


def _random(ask: Ask, query: str) -> None:
    assume("%" not in query or not any(name in query for name in _INEXACT))
    # It adds up in the order of a map, so two sums of the same are equal only by chance.
    sums = len(re.findall(r"\b(?:avg|sum|stddev|stdvar)\b", query))
    assume(sums < 2 or not any(operator in query for operator in ("==", "!=", "<", ">", "-", "%")))
    # There, Prometheus 2.42 forgets the offset.
    assume(not re.search(r"timestamp\(+[^()]*offset[^()]*@|timestamp\(+[^()]*@[^()]*(\(\))?[^()]*offset", query))
    # Which of several pairs of series an error names is left to the order of a map.
    assert ask("/api/v1/query", {"query": query, "time": BEGIN + 3601.7}, words=False) is None
    parameters = {"query": query, "start": BEGIN + 1203, "end": BEGIN + 4803, "step": 97}
    assert ask("/api/v1/query_range", parameters, ordered=True, words=False) is None


_SETTINGS = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@given(promql_grammar.expressions())
@settings(_SETTINGS, max_examples=60)
def test_random_queries_are_answered_as_prometheus_does(ask: Ask, query: str) -> None:
    _random(ask, query)


@pytest.mark.slow
@given(promql_grammar.expressions())
# On a laptop others every time; in CI always the same, so that a failure belongs to the change.
@settings(_SETTINGS, derandomize="CI" in os.environ, max_examples=3000)
def test_many_random_queries_are_answered_as_prometheus_does(ask: Ask, query: str) -> None:
    _random(ask, query)
