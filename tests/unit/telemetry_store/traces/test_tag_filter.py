"""Queries that narrow tags may be half typed."""

from __future__ import annotations

import pytest

from telemetry_store.traces.tag_filter import TagFilter, without_unfinished


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("{ span.a = }", "{ span.a }"),
        ("{ span.a =", "{ span.a }"),
        ('{ span.a = "x" && }', '{ span.a = "x" }'),
        ('{ span.a = "x" && span.b != }', '{ span.a = "x" && span.b }'),
        ('{ span.a = "}" || || span.b = 1', '{ span.a = "}" || span.b = 1 }'),
        ("{ (span.a = ) && span.b = 1 }", "{ ( span.a ) && span.b = 1 }"),
        ("{ && }", "{ }"),
    ],
)
def test_what_is_unfinished_is_left_out(typed: str, left: str) -> None:
    assert without_unfinished(typed) == left


@pytest.mark.parametrize(
    ("query", "looked_at"),
    [
        ('{ resource.service.name = "x" }', ["resource.service.name"]),
        ('{ resource.service.name = "x" && span.b = }', ["resource.service.name"]),
        ("{ status = error } | count() > 2", ["status"]),
        ('{ name = "x" && { }', []),
        ("{ .a = 1 }", []),
        ("{ status = error } >> { name = `x` }", []),
        ("{ span.a = 1 || span.b }", []),
        ("{ span.a }", []),
        ("{ true }", []),
        ("{}", []),
        ("nonsense", []),
        ("", []),
    ],
)
def test_only_the_first_selector_counts_and_only_with_scopes(query: str, looked_at: list[str]) -> None:
    assert [str(attribute) for attribute in TagFilter(query).attributes] == looked_at
    assert TagFilter(query).takes_everything == (not looked_at)


@pytest.mark.parametrize(
    "query", ["{" * 5000, "(" * 5000, "{ span.a = " * 500, '{ span.a = "' + "x" * 100_000, "&& " * 3000]
)
def test_rubbish_narrows_nothing_and_takes_no_time(query: str) -> None:
    assert TagFilter(query).takes_everything
