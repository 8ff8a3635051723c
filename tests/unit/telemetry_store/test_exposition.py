"""Pages in both formats, read as Prometheus reads them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from telemetry_store.metrics.exposition import BrokenPage, Exemplar, Metadata, parse_page, parse_series
from telemetry_store.refusals import BadRequest


def test_a_page_gives_samples_exemplars_and_metadata() -> None:
    page = parse_page(
        "# HELP a_total Things\\nand \\\\ more.\n# TYPE a counter\n# UNIT b_seconds seconds\n"
        'a_total{x="y z} # {",q="\\"\\n\\\\d"} 3 1.5 # {trace_id="abc"} 0.5 1.7\n'
        'a_total 5 # {t="1"} 2\nb{} NaN\nc 1\nd{a="1"} +Inf\n# EOF\n',
        True,
        parse_series,
    )
    name = ("__name__", "a_total")
    labelled = (name, ("q", '"\n\\d'), ("x", "y z} # {"))
    assert [sample for sample in page.samples if not math.isnan(sample[1])] == [
        (labelled, 3.0, 1500),
        ((name,), 5.0, None),
        ((("__name__", "c"),), 1.0, None),
        ((("__name__", "d"), ("a", "1")), math.inf, None),
    ]
    assert len(page.samples) == 5
    assert page.exemplars == [
        Exemplar(labelled, (("trace_id", "abc"),), 0.5, 1700),
        Exemplar((name,), (("t", "1"),), 2.0, None),
    ]
    assert page.metadata == {
        "a_total": Metadata(help="Things\nand \\ more."),
        "a": Metadata(type="counter"),
        "b_seconds": Metadata(unit="seconds"),
    }


@pytest.mark.parametrize(
    ("text", "openmetrics"),
    [
        ("a{", False),
        ("a{x=1} 1", False),
        ('a{x="1"', False),
        ('a{x="1" y="2"} 1', False),
        ('a{x="1",x="2"} 1', False),
        ('{x="1"} 1', False),
        ("1a 5", False),
        ("a", False),
        ("a 1_0", False),
        ("a 0x1f", False),
        ("a ١", False),
        ("a 1 1.5", False),
        ("a 1 2 3", False),
        ('a 1 # {t="1"} 1', False),
        ("# TYPE a thing", False),
        ("a 1", True),
        ("# EOF\na 1", True),
        (" a 1", False),
        ("a 1 -5", False),
        ("a +NaN", False),
        ("a 1e400", False),
        ("a  1\n# EOF", True),
        ("a\t1\n# EOF", True),
        ("a 1\t\n# EOF", True),
        ("a 1 \n# EOF", True),
        ("\n# EOF", True),
        ("# a comment\n# EOF", True),
        ("# HELP a\n# EOF", True),
        ("# TYPE a untyped\n# EOF", True),
        ("# UNIT a seconds\n# EOF", True),
        ('a{x="1",} 1\n# EOF', True),
        ('a{ x="1"} 1\n# EOF', True),
        ("a 1 NaN\n# EOF", True),
        ('a 1 # {t="1"}\n# EOF', True),
        ("a" + '{x="1' * 20_000, False),
        ("a{" + '"x"' * 20_000, False),
        ('a{x="' + "\\" * 50_001, False),
        ("a 1 " + "# " * 40_000, False),
    ],
)
def test_a_page_that_is_not_in_the_format_is_refused_as_a_whole(text: str, openmetrics: bool) -> None:
    with pytest.raises(BadRequest):
        parse_page(f"good 1\n{text}\n", openmetrics, parse_series)


def test_the_older_format_is_lax_about_blanks_and_comments() -> None:
    text = '# a comment\n#\n\n\t\na\t{ x = "1" , }\t 1 5 \n# TYPE b untyped\nb +Inf\nc nan\nd -1e-400'
    page = parse_page(text, False, parse_series)
    assert [sample for sample in page.samples if not math.isnan(sample[1])] == [
        ((("__name__", "a"), ("x", "1")), 1.0, 5),
        ((("__name__", "b"),), math.inf, None),
        ((("__name__", "d"),), 0.0, None),
    ]
    assert len(page.samples) == 4


def test_an_exemplar_with_too_many_labels_is_left_out() -> None:
    page = parse_page('a_total 1 # {t="' + "x" * 200 + '"} 1\n# EOF\n', True, parse_series)
    assert (len(page.samples), page.exemplars) == (1, [])


@pytest.mark.parametrize(
    ("text", "scraped", "kept"),
    [("good 1\nbad bad\nnever 1", 1, 1), ('good 1\na{x="1",x="2"} 1', 2, 1), ("bad", 0, 0)],
)
def test_a_broken_page_says_how_far_it_was_read(text: str, scraped: int, kept: int) -> None:
    with pytest.raises(BrokenPage) as caught:
        parse_page(text, False, parse_series)
    assert (caught.value.scraped, caught.value.kept) == (scraped, kept)


label_names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(lambda name: name not in ("le", "quantile"))
numbers = st.floats(allow_nan=False)


@given(
    names=st.lists(label_names, min_size=1, max_size=3, unique=True),
    rows=st.lists(st.tuples(st.lists(st.text(max_size=8), min_size=3, max_size=3), numbers), max_size=5),
)
def test_what_the_official_client_exposes_is_read_back(names: list[str], rows: list[tuple[list[str], float]]) -> None:
    registry = CollectorRegistry()
    gauge = Gauge("level", "How much.", names, registry=registry)
    expected: dict[tuple[tuple[str, str], ...], float] = {}
    for texts, number in rows:
        values = [text.encode("utf-8", "replace").decode() for text in texts[: len(names)]]
        gauge.labels(*values).set(number)
        labels = {name: value for name, value in zip(names, values, strict=True) if value}
        expected[tuple(sorted({"__name__": "level", **labels}.items()))] = number
    for openmetrics, content in ((False, generate_latest(registry)), (True, generate_openmetrics(registry))):
        page = parse_page(content.decode(), openmetrics, parse_series)
        assert {series: value for series, value, _ in page.samples} == expected
        assert page.metadata["level"].type == "gauge"


def test_exemplars_of_the_official_client_are_read_back() -> None:
    registry = CollectorRegistry()
    Counter("requests", "Requests.", registry=registry).inc(1, exemplar={"trace_id": "c0ffee"})
    Histogram("latency_seconds", "Latency.", registry=registry).observe(0.3, exemplar={"trace_id": "beef"})
    page = parse_page(generate_openmetrics(registry).decode(), True, parse_series)
    assert [(dict(e.series)["__name__"], dict(e.labels)["trace_id"], e.value) for e in page.exemplars] == [
        ("requests_total", "c0ffee", 1.0),
        ("latency_seconds_bucket", "beef", 0.3),
    ]


@given(text=st.text(max_size=60), openmetrics=st.booleans())
def test_any_text_is_read_or_refused(text: str, openmetrics: bool) -> None:
    try:
        parse_page(text, openmetrics, parse_series)
    except BadRequest:
        return
