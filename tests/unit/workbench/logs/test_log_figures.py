"""Numbers about lines: the bars over time, and the statistics of fields."""

import itertools
import random
import statistics

import numpy as np
import pytest

from telemetry_store.logs.query_language.parser import parse

RANGES = [
    # from, to, step
    (1000.0, 1900.0, 10),
    (1000.123, 1000.523, 0.05),
    (1795261777.001, 1795262677.9, 15),
    (0.0, 86400.0 * 30, 43200),
    (1795261777.5, 1795261777.501, 0.05),
]


@pytest.mark.parametrize(("start", "end", "step"), RANGES)
def test_bars_and_parts_of_bars_cover_a_range_without_gap_or_overlap(module, start, end, step):
    bars = module("logs/volume.js", "(m, [from, to]) => m.barsOf({from, to})", [start, end])
    pieces = [(part["at"] - part["seconds"], part["at"]) for part in bars["parts"]]
    if bars["whole"]:
        first, last = bars["whole"]["first"], bars["whole"]["last"]
        assert first / bars["step"] == pytest.approx(round(first / bars["step"]), abs=1e-6)
        pieces.append((first - bars["step"], last))
    pieces.sort()
    assert pieces[0][0] == pytest.approx(start, abs=1e-6)
    assert pieces[-1][1] == pytest.approx(end, abs=1e-6)
    for one, other in itertools.pairwise(pieces):
        assert one[1] == pytest.approx(other[0], abs=1e-6)


def test_ranges_of_any_length_have_a_readable_number_of_bars(module):
    lengths = [0.2, 1, 7, 60, 900, 3600, 86400, 30 * 86400]
    steps = module("logs/volume.js", "(m, list) => list.map(m.stepFor)", lengths)
    assert all(length / step <= 90 for length, step in zip(lengths, steps, strict=True))
    assert all(length / step >= 4 for length, step in zip(lengths[1:], steps[1:], strict=True))


def test_a_moving_range_ends_between_two_bars(module):
    assert module("logs/volume.js", "m => m.wholeBars({from: 1001.3, to: 1901.3})") == {
        "from": 1000,
        "to": 1910,
        "step": 10,
    }


def test_counts_stand_in_their_bar_and_those_of_a_level_together(module):
    table = module(
        "logs/volume.js",
        """m => m.table([
          {level: "info", time: 15, count: 2}, {level: "error", time: 20, count: 1},
          {level: "info", time: 15, count: 3},
        ], 5, {from: 5, to: 25})""",
    )
    assert table == {
        "step": 5,
        "total": 6,
        "levels": [
            {"level": "error", "times": [10, 15, 20, 25], "values": [0, 0, 1, 0], "total": 1},
            {"level": "info", "times": [10, 15, 20, 25], "values": [0, 5, 0, 0], "total": 5},
        ],
    }


def test_a_line_that_a_parser_cannot_read_is_counted_too(module):
    queries = module(
        "logs/volume.js",
        "(m, list) => list.map((query) => m.countQuery(query, 15))",
        ['{a="b"} |= "x"', '{a="b"} | json', '{a="b"} # why'],
    )
    assert queries == [
        'sum by (level, detected_level) (count_over_time({a="b"} |= "x"\n[15000ms]))',
        (
            'sum by (level, detected_level) (count_over_time({a="b"} | json\n'
            "| drop __error__, __error_details__ [15000ms]))"
        ),
        'sum by (level, detected_level) (count_over_time({a="b"} # why\n[15000ms]))',
    ]


STATISTICS = (
    "(m, lines) => m.fieldStatistics(lines.map((line) => ({labels: {service: 'a'}, metadata: {}, line})), {top: 2})"
)


def test_fields_are_counted_with_their_values(module):
    found = module(
        "logs/field_statistics.js",
        STATISTICS,
        [
            '{"user_id": 1, "cache": "hit"}',
            '{"user_id": 2, "cache": "hit"}',
            '{"user_id": 3, "cache": "miss"}',
            "plain",
        ],
    )
    assert found["lines"] == 4
    assert [(field["name"], field["kind"], field["count"], field["distinct"]) for field in found["fields"]] == [
        ("service", "label", 4, 1),
        ("cache", "field", 3, 2),
        ("user_id", "field", 3, 3),
    ]
    assert found["fields"][1]["top"] == [{"value": "hit", "count": 2}, {"value": "miss", "count": 1}]
    # The number of a user is a name.
    assert [field["numbers"] for field in found["fields"]] == [None, None, None]


def test_numbers_have_the_quantiles_that_numpy_gives_them(module):
    chance = random.Random(5)
    for count in (2, 3, 10, 101):
        numbers = [round(chance.lognormvariate(2, 1), 3) for _ in range(count)]
        found = module("logs/field_statistics.js", STATISTICS, [f'{{"ms": {number}}}' for number in numbers])
        figures = found["fields"][1]["numbers"]
        assert figures["count"] == count
        assert figures["min"] == min(numbers)
        assert figures["max"] == max(numbers)
        assert figures["median"] == pytest.approx(statistics.median(numbers))
        assert figures["p95"] == pytest.approx(float(np.quantile(numbers, 0.95)))
        expected, _ = np.histogram(numbers, bins=20)
        assert sum(bar["count"] for bar in figures["bars"]) == count
        assert [bar["count"] for bar in figures["bars"]] == pytest.approx(expected.tolist(), abs=1)


def test_a_field_of_which_one_value_is_no_number_has_no_median(module):
    found = module("logs/field_statistics.js", STATISTICS, ['{"ms": 1}', '{"ms": "slow"}', '{"ms": 2}'])
    assert found["fields"][1]["numbers"] is None


def test_values_without_end_are_not_all_kept(module):
    found = module(
        "logs/field_statistics.js",
        """m => {
          const lines = Array.from({length: 6000}, (_, i) => ({labels: {}, line: `{"n": "${i}"}`}));
          const [field] = m.fieldStatistics(lines).fields;
          return [field.count, field.distinct, field.more];
        }""",
    )
    assert found == [6000, 5000, True]


PATTERNS = [
    ('{"level":"info","service":"backend","message":"Cache <_> for <_>","x":"<_>"}', "backend: Cache <_> for <_>"),
    ("plain <_> text", "plain <_> text"),
    ('{"a":"<_>"}', '{"a":"<_>"}'),
]


def test_a_pattern_of_json_shows_its_message(module):
    found = module("logs/patterns_panel.js", "(m, list) => list.map(m.essence)", [pattern for pattern, _ in PATTERNS])
    assert found == [essence for _, essence in PATTERNS]


def test_counting_a_field_over_the_range_parses_only_what_is_not_parsed(module):
    queries = module(
        "logs/fields_panel.js",
        """m => [
          m.fieldCountQuery('{a="b"}', {name: "cache", kind: "field", format: "json"}, 900),
          m.fieldCountQuery('{a="b"} | json', {name: "cache", kind: "field", format: "json"}, 900),
          m.fieldCountQuery('{a="b"}', {name: "level", kind: "label"}, 900),
        ]""",
    )
    end = "drop __error__, __error_details__ [900000ms]))"
    assert queries == [
        f'sum by (cache) (count_over_time({{a="b"}}\n| json | cache!="" | {end}',
        f'sum by (cache) (count_over_time({{a="b"}} | json\n| cache!="" | {end}',
        f'sum by (level) (count_over_time({{a="b"}}\n| level!="" | {end}',
    ]


def test_the_store_accepts_the_queries_for_a_fields_numbers(module):
    queries = module(
        "logs/fields_panel.js",
        """m => m.figureQueries('{a="b"} |= "x"', {name: "duration_ms", kind: "field", format: "json"}, 900)""",
    )
    for query in queries:
        parse(query)


def test_downloads_hold_every_line_with_its_moment_to_the_nanosecond(module):
    lines = [
        {"nano": "1795261777996438385", "labels": {"a": "b"}, "metadata": {"m": "1"}, "line": "two\nlines"},
        {"nano": "1795261778000000001", "labels": {}, "line": "x"},
    ]
    text, rows = module("logs/download.js", "(m, lines) => [m.asText(lines), m.asJsonLines(lines)]", lines)
    assert text == "2026-11-21T11:49:37.996438385Z\ttwo\nlines\n2026-11-21T11:49:38.000000001Z\tx\n"
    assert rows == (
        '{"timestamp":"2026-11-21T11:49:37.996438385Z","labels":{"a":"b"},"metadata":{"m":"1"},"line":"two\\nlines"}\n'
        '{"timestamp":"2026-11-21T11:49:38.000000001Z","labels":{},"metadata":{},"line":"x"}\n'
    )
