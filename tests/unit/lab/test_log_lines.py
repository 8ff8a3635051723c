"""Printed lines, made readable."""

import json

import pytest

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


def test_what_a_request_brings_cannot_colour_move_or_forge_lines():
    line = parse(
        "web", printed(5, "GET \x1b[2J", path="/\n03:04:06.000 INFO    all is well\u2028\u202e\x85\t", note="ü")
    )

    assert line.for_reading() == (
        "03:04:05.123 INFO    GET \\x1b[2J path=/\\n03:04:06.000 INFO    all is well\\u2028\\u202e\\x85\\t note=ü"
    )


def test_a_stack_trace_stays_several_lines():
    line = parse("web", printed(5, "failed", **{"exception.stacktrace": 'File "a"\n\tx = \x1b[1m'}))

    assert line.for_reading().endswith('exception.stacktrace=File "a"\n\tx = \\x1b[1m')


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            'ts=2026-11-21T08:58:27.626Z caller=tls_config.go:232 level=info msg="Listening on" address=127.0.0.1:9093',
            "08:58:27.626 INFO    Listening on caller=tls_config.go:232 address=127.0.0.1:9093",
        ),
        (
            'time=2026-11-21T09:34:05.212Z level=ERROR source=main.go:1590 msg="a \\"quoted\\" word" err=""',
            '09:34:05.212 ERROR   a "quoted" word source=main.go:1590 err=',
        ),
        (
            "level=warn ts=2026-11-21T08:56:32.957719223Z method=/frontend.Frontend/Process msg=gRPC",
            "08:56:32.957 WARN    gRPC method=/frontend.Frontend/Process",
        ),
        (
            'logger=settings t=2026-11-21T09:33:41.479536158Z level=warn msg="deprecated"',
            "09:33:41.479 WARN    deprecated logger=settings",
        ),
        # Only looks like it.
        ("listening on a=b", "listening on a=b"),
        ('msg="no time"', 'msg="no time"'),
        ('ts=2026-11-21T09:33:41Z msg="cut of', 'ts=2026-11-21T09:33:41Z msg="cut of'),
        ("a=1 b=2", "a=1 b=2"),
    ],
)
def test_lines_of_the_real_servers_read_like_ours(text, shown):
    assert parse("server", text).for_reading() == shown


def test_lines_of_real_servers_take_their_place_in_time():
    ours = '{"timestamp":"2026-11-21T09:34:02.500Z","level":"info","message":"ours"}'
    merged = in_order_of_time({"backend": [ours], "loki": ["ts=2026-11-21T09:34:02.4Z level=info msg=theirs"]})

    assert [line.source for line in merged] == ["loki", "backend"]
