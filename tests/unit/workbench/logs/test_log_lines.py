"""What is read out of a log line: its message, fields, level, service and ids; and how it is shortened for a list."""

import json

import pytest

READ = """(m, lines) => lines.map(({labels = {}, metadata, line}) => {
  const {format, message, level, service, traceId, spanId, fields} = m.reading({labels, metadata, line});
  return [format, message, level, service, traceId, spanId, {...fields}];
})"""

TRACE = "5184f7d84fc0f0b2e086cdb8a2640c5d"
SPAN = "42e9380573c29f2f"

LINES = [
    (
        {
            "labels": {"service": "backend", "level": "info"},
            "line": json.dumps(
                {"message": "Cache miss", "trace_id": TRACE, "span_id": SPAN, "a.b": 1, "c": {"d": "x"}}
            ),
        },
        [
            "json",
            "Cache miss",
            "info",
            "backend",
            TRACE,
            SPAN,
            {"message": "Cache miss", "trace_id": TRACE, "span_id": SPAN, "a_b": "1", "c_d": "x"},
        ],
    ),
    (
        {"line": 'level=warn msg="two words" took=5ms'},
        ["logfmt", "two words", "warning", "", None, None, {"level": "warn", "msg": "two words", "took": "5ms"}],
    ),
    (
        {"line": "a plain sentence with x=1 in it"},
        ["text", "a plain sentence with x=1 in it", "unknown", "", None, None, {}],
    ),
    ({"line": "{not json"}, ["text", "{not json", "unknown", "", None, None, {}]),
    ({"line": "[1, 2]"}, ["text", "[1, 2]", "unknown", "", None, None, {}]),
    (
        {
            "labels": {"service_name": "worker"},
            "metadata": {"detected_level": "error", "trace_id": TRACE},
            "line": "failed",
        },
        ["text", "failed", "error", "worker", TRACE, None, {}],
    ),
    # A label says more than what Loki guessed.
    (
        {"labels": {"level": "warning"}, "metadata": {"detected_level": "error"}, "line": "error"},
        ["text", "error", "warning", "", None, None, {}],
    ),
    # Ids that are none lead nowhere.
    (
        {"line": json.dumps({"trace_id": "../../etc", "span_id": "0000000000000000", "message": "x"})},
        [
            "json",
            "x",
            "unknown",
            "",
            None,
            None,
            {"trace_id": "../../etc", "span_id": "0000000000000000", "message": "x"},
        ],
    ),
    # A field that would change every object.
    (
        {"line": '{"__proto__": {"polluted": "yes"}, "message": "m", "constructor": "c"}'},
        ["json", "m", "unknown", "", None, None, {"__proto___polluted": "yes", "message": "m", "constructor": "c"}],
    ),
    ({"line": ""}, ["text", "", "unknown", "", None, None, {}]),
]


def test_a_line_is_read_whatever_it_is_written_in(module):
    found = module("logs/fields.js", READ, [line for line, _ in LINES])
    assert found == [expected for _, expected in LINES]


@pytest.mark.parametrize(
    ("words", "level"),
    [
        (["fatal", "CRITICAL", "emergency"], "critical"),
        (["err", "Error"], "error"),
        (["warn", "WARNING", "wrn"], "warning"),
        (["info", "notice", "Information"], "info"),
        (["dbg", "debug"], "debug"),
        (["trace", "verbose"], "trace"),
        (["", "5", "constructor", "toString"], "unknown"),
    ],
)
def test_levels_have_one_word_each(module, words, level):
    assert module("data/levels.js", "(m, words) => words.map(m.levelNamed)", words) == [level] * len(words)


def test_a_line_of_five_million_characters_is_not_taken_apart(module):
    found = module(
        "logs/fields.js",
        """(m) => {
          const text = `{"message": "${"x".repeat(5_000_000)}"}`;
          const {format, message, fields} = m.reading({labels: {}, line: text});
          return [format, message.length, Object.keys(fields).length];
        }""",
    )
    assert found == ["long", 5_000_015, 0]


def test_a_stack_trace_keeps_its_first_lines(module):
    trace = "\n".join(["Traceback (most recent call last):", *(f'  File "x.py", line {n}' for n in range(37))])
    found = module(
        "logs/shortened.js",
        "(m, text) => { const part = m.folded(text); return [part.shown.split('\\n').length, m.hiddenText(part)]; }",
        trace,
    )
    assert found == [4, "34 more lines"]


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("one line", ""),
        ("a\nb", ""),
        ("x" * 3000, "1,000 more characters"),
        ("x" * 5_002_000, "5.0 million more characters"),
    ],
)
def test_a_text_says_how_much_of_it_is_left_out(module, text, hidden):
    assert module("logs/shortened.js", "(m, text) => m.hiddenText(m.folded(text))", text) == hidden


def test_terminal_colours_vanish_and_control_characters_show_themselves(module):
    texts = [
        "\x1b[31mred\x1b[0m",
        "\x1b]0;title\x07after",
        "a\x00b\x08c",
        "left\u202eright",
        "tab\tstays\nnew line stays",
    ]
    shown = ["red", "after", "a\u2426b\u2426c", "left\u2426right", "tab\tstays\nnew line stays"]
    assert module("logs/ansi.js", "(m, texts) => texts.map(m.plainText)", texts) == shown


def test_logfmt_is_read_with_quotes_and_a_sentence_is_not_taken_for_it(module):
    texts = ['a=1 b="x \\"y\\" z" c=', "ready a=1", "this is x=1", "a=1 and b=2 or not", "=1", 'a="open']
    found = module(
        "logs/logfmt.js",
        "(m, texts) => texts.map((text) => { const f = m.parseLogfmt(text); return f && {...f}; })",
        texts,
    )
    assert found == [{"a": "1", "b": 'x "y" z', "c": ""}, None, None, None, None, None]
