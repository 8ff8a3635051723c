"""Where the editor marks what an API refused, and the sentence under it. The messages are the APIs' own."""

import pytest

UNCLOSED = 'invalid parameter "query": 1:17: parse error: unclosed left parenthesis'
WRONG_TYPE = 'invalid parameter "query": 1:10: parse error: expected type range vector in call to function "rate"'
MISSING = "parse error at line 1, col 18: syntax error: unexpected $end, expecting STRING or ip"
SECOND_LINE = "parse error at line 2, col 7: syntax error: unexpected IDENTIFIER"
UNKNOWN = "invalid TraceQL query: parse error at line 1, col 3: unknown identifier: foo"
NOWHERE = "parse error : queries require at least one regexp or equality matcher"


@pytest.mark.parametrize(
    ("language", "text", "message", "position", "marked", "sentence"),
    [
        ("promql", "sum(rate(up[1m])", UNCLOSED, (1, 17), "", "Column 17: unclosed left parenthesis"),
        (
            "promql",
            "sum(rate(up))",
            WRONG_TYPE,
            (1, 10),
            "up",
            'Column 10: expected type range vector in call to function "rate"',
        ),
        (
            "logql",
            '{service="a"} |= ',
            MISSING,
            (1, 18),
            "",
            "Column 18: the query ends too early, expecting STRING or ip",
        ),
        (
            "logql",
            '{service="a"} | json\n| foo bar',
            SECOND_LINE,
            (2, 7),
            "bar",
            "Line 2, column 7: this word is not expected here",
        ),
        ("traceql", "{ foo }", UNKNOWN, (1, 3), "foo", "Column 3: unknown identifier: foo"),
        ("logql", '{a=~".*"}', NOWHERE, None, None, "queries require at least one regexp or equality matcher"),
        ("promql", "up", UNCLOSED, (9, 99), "", "Column 99: unclosed left parenthesis"),
    ],
)
def test_the_word_at_the_errors_place_is_marked(module, language, text, message, position, marked, sentence):
    place = position and {"line": position[0], "column": position[1]}
    tokens = module(f"editor/{language}/tokens.js", "(m, text) => m.tokenize(text)", text)
    found = module("editor/error_place.js", "(m, args) => m.stretch(...args)", [text, place, tokens])
    assert (found and text[found["from"] : found["to"]]) == marked
    error = {"message": message, "position": place}
    assert module("editor/error_place.js", "(m, args) => m.sentence(...args)", [error, text]) == sentence


PAIRS = "(m, args) => m.edited(...args)"


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [
        ("(", "rate│", "rate(│)"),
        ("{", "up│ > 1", "up{│} > 1"),
        ('"', "{a=│}", '{a="│"}'),
        ('"', '{a="x│"}', '{a="x"│}'),
        (")", "f(│)", "f()│"),
        ("]", "x[5m│]", "x[5m]│"),
        ("Backspace", "f(│)", "f│"),
        ("Backspace", '{a="│"}', "{a=│}"),
        (" ", "{│}", "{ │ }"),
        ("(", "│foo", None),
        ('"', "word│", None),
        ("(", '"in a str│"', None),
        ("x", "│", None),
        ("Backspace", "f(│x)", None),
        ("'", "{a=│}", None),
    ],
)
def test_brackets_and_quotes_come_and_go_in_pairs(module, key, before, after):
    at = before.index("│")
    text = before.replace("│", "")
    quoted = text[:at].count('"') % 2 == 1
    change = module("editor/pairs.js", PAIRS, [key, text, at, at, quoted])
    if after is None:
        assert change is None
        return
    written = text[: change["from"]] + change["insert"] + text[change["to"] :]
    caret = change["select"][0]
    assert written[:caret] + "│" + written[caret:] == after


def test_a_selection_is_put_between_the_brackets_that_are_typed(module):
    change = module("editor/pairs.js", PAIRS, ["(", "a + b", 0, 5, False])
    assert change == {"from": 0, "to": 5, "insert": "(a + b)", "select": [1, 6]}
