from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend_service.request_path import RequestPath, Tier, read_request_path


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            'backend;dur=6.10, cache;desc="miss", database;dur=4.20',
            RequestPath((Tier("frontend", 9.0), Tier("backend", 6.1), Tier("database", 4.2)), "miss"),
        ),
        ('backend;dur=0.4, cache;desc="hit"', RequestPath((Tier("frontend", 9.0), Tier("backend", 0.4)), "hit")),
        ("", RequestPath((Tier("frontend", 9.0),))),
        ("backend;dur=soon, cache;desc=maybe, other;dur=1", RequestPath((Tier("frontend", 9.0),))),
        ("backend;dur=nan, database;dur=-1, backend;dur=inf", RequestPath((Tier("frontend", 9.0),))),
    ],
)
def test_the_path_is_read_from_the_backends_header(header: str, expected: RequestPath) -> None:
    assert read_request_path(9.0, header) == expected


def test_the_path_is_written_as_a_header_that_reads_the_same() -> None:
    path = RequestPath((Tier("frontend", 9.0), Tier("backend", 6.1), Tier("database", 4.2)), "miss")
    header = path.server_timing()
    assert header == 'frontend;dur=9.00, backend;dur=6.10, database;dur=4.20, cache;desc="miss"'
    assert read_request_path(9.0, header) == path


@given(st.text())
def test_whatever_stands_in_the_header_there_is_a_path(header: str) -> None:
    path = read_request_path(1.0, header)
    assert path.tiers[0] == Tier("frontend", 1.0)
    assert all(tier.milliseconds >= 0 for tier in path.tiers)
