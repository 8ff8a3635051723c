"""Printed lines, made readable."""

import json

from lab.log_lines import in_order_of_time, parse


def printed(second, message, **fields):
    return json.dumps(
        {"timestamp": f"2026-01-02T03:04:{second:02}.123456Z", "level": "info", "message": message} | fields
    )


def test_a_json_line_shows_time_level_message_and_the_rest():
    line = parse("web", printed(5, "Fetching user 1", service="web", user_id=1, note="ü"))

    assert line.for_reading() == "03:04:05.123 INFO    Fetching user 1 user_id=1 note=ü"


def test_other_lines_stay_as_they_are():
    for text in ("Traceback (most recent call last):", "{broken", "[1, 2]", '{"no": "message"}', ""):
        assert parse("web", text).for_reading() == text


def test_outputs_are_merged_by_time_and_a_traceback_stays_together():
    merged = in_order_of_time(
        {
            "web": [printed(1, "one"), "Traceback", "  line", printed(4, "four")],
            "api": [printed(2, "two"), printed(3, "three")],
        }
    )

    assert [(line.source, line.fields.get("message", line.text)) for line in merged] == [
        ("web", "one"),
        ("web", "Traceback"),
        ("web", "  line"),
        ("api", "two"),
        ("api", "three"),
        ("web", "four"),
    ]
