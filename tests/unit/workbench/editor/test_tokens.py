"""Queries in tokens: by a table, and every query that the lab asks anywhere."""

import json
from pathlib import Path

import pytest

from grafana.query_catalogue import dashboard_queries, rule_queries
from lab.explore import every_question

TABLE = [json.loads(line) for line in Path(__file__).with_name("tokens.jsonl").read_text("utf-8").splitlines()]

TOKENS = "(m, texts) => texts.map((text) => m.tokenize(text))"


def tokenized(module, language, texts):
    return module(f"editor/{language}/tokens.js", TOKENS, texts)


@pytest.mark.parametrize("language", ["promql", "logql", "traceql"])
def test_each_word_gets_the_kind_it_has_where_it_stands(module, language):
    texts = [text for name, text, _ in TABLE if name == language]
    expected = [tokens for name, _, tokens in TABLE if name == language]
    found = [
        [[token["kind"], token["text"], *(["open"] if token.get("open") else [])] for token in tokens]
        for tokens in tokenized(module, language, texts)
    ]
    assert found == expected


def asked_anywhere():
    languages = {"prometheus": "promql", "loki": "logql", "tempo": "traceql"}
    yield from ((query.language, query.text) for query in [*dashboard_queries(), *rule_queries()] if query.text)
    for link in every_question():
        if link.view not in ("trace", "service map"):
            yield languages[link.data_source], link.query


@pytest.mark.parametrize("language", ["promql", "logql", "traceql"])
def test_every_query_of_dashboards_rules_and_questions_is_understood(module, language):
    texts = sorted({text for name, text in asked_anywhere() if name == language})
    assert len(texts) >= 8
    for text, tokens in zip(texts, tokenized(module, language, texts), strict=True):
        strange = [token for token in tokens if token["kind"] in ("unknown", "name") or token.get("open")]
        assert strange == [], text
        assert_covered(text, tokens)


@pytest.mark.parametrize("language", ["promql", "logql", "traceql"])
@pytest.mark.parametrize(
    "text", ["", " \n ", '{"', "`a", "'", "\\", "😀 {", "a" * 3000, "((((", '{a=~"\\', "$", "# x\n#"]
)
def test_whatever_is_typed_every_character_is_in_a_token_or_is_white_space(module, language, text):
    (tokens,) = tokenized(module, language, [text])
    assert_covered(text, tokens)


def assert_covered(text, tokens):
    """Offsets count UTF-16 units, as the browser's fields do."""
    units = text.encode("utf-16-le")
    at = 0
    for token in tokens:
        assert units[2 * at : 2 * token["from"]].decode("utf-16-le").strip() == "", text
        assert units[2 * token["from"] : 2 * token["to"]].decode("utf-16-le") == token["text"]
        at = token["to"]
    assert units[2 * at :].decode("utf-16-le").strip() == "", text
