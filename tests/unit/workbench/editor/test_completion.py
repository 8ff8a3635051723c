"""What the editor offers, and what it writes when something is chosen."""

import pytest

#: Names as an API would give them, without one.
NAMES = """{
  metrics: async () => [
    {name: "frontend_requests_total", type: "counter", help: "Requests."},
    {name: "backend_requests_total", type: "counter", help: ""},
    {name: "a metric", type: "gauge", help: ""},
  ],
  metricLabels: async (selector) => ["__name__", "service", "http.route", `asked ${selector}`],
  metricLabelValues: async (label, selector) => ["plain", 'with "quotes"', "back\\\\slash", "a.b", selector],
  streamLabels: async (selector) => ["service", "level"],
  streamLabelValues: async (label, selector) => ["frontend", selector],
  fields: async (pipeline, parsed) => [{name: "duration_ms", type: "float"}, {name: "asked " + pipeline, type: ""}],
  fieldValues: async (label, pipeline) => ["timeout"],
  attributes: async () => [
    {scope: "span", name: "db.system"}, {scope: "resource", name: "service.name"}, {scope: "span", name: "two words"},
  ],
  attributeValues: async (attribute, conditions) => [
    {type: "string", value: 'a "b"'}, {type: "int", value: "200"}, {type: "string", value: conditions},
  ],
}"""

OFFERS = f"""async (m, [text, caret]) => {{
  const found = m.suggest(text, caret);
  const later = found.later ? await found.later({NAMES}) : [];
  return [...later, ...found.now].map((option) => {{
    const end = found.to + (option.over ?? 0);
    const at = option.caret ?? option.insert.length;
    const caret = found.from + (at < 0 ? option.insert.length + at : at);
    const written = text.slice(0, found.from) + option.insert + text.slice(end);
    return [option.label, written.slice(0, caret) + "│" + written.slice(caret)];
  }});
}}"""


def offered(module, language, marked):
    """{label: the text after it was chosen, with the caret in it}."""
    caret = marked.index("│")
    return dict(module(f"editor/{language}/complete.js", OFFERS, [marked.replace("│", ""), caret]))


@pytest.mark.parametrize(
    ("language", "marked", "chosen", "written"),
    [
        ("promql", "fro│", "frontend_requests_total", "frontend_requests_total│"),
        ("promql", "rat│", "rate", "rate(│)"),
        ("promql", "rat│(x[1m])", "rate", "rate│(x[1m])"),
        ("promql", "a│", "a metric", '{"a metric"}│'),
        ("promql", "sum b│ (x)", "by", "sum by (│) (x)"),
        ("promql", "sum │(x)", "by", "sum by (│) (x)"),
        ("promql", "sum(x) │", "by", "sum(x) by (│)"),
        ("promql", "up{│}", "service", 'up{service="│"}'),
        ("promql", "up{│}", "http.route", 'up{"http.route"="│"}'),
        ("promql", 'up{ser│="x"}', "service", 'up{service│="x"}'),
        ("promql", "up{service=│}", "plain", 'up{service="plain"│}'),
        ("promql", 'up{service="│"}', "plain", 'up{service="plain"│}'),
        ("promql", 'up{service="│', "plain", 'up{service="plain"│'),
        ("promql", 'up{service="│"}', 'with "quotes"', 'up{service="with \\"quotes\\""│}'),
        ("promql", "up{service=`│`}", 'with "quotes"', 'up{service=`with "quotes"`│}'),
        ("promql", 'up{service="│"}', "back\\slash", 'up{service="back\\\\slash"│}'),
        ("promql", 'up{service=~"x|a│"}', "a.b", 'up{service=~"x|a\\\\.b"│}'),
        ("promql", "rate(x[│])", "5m", "rate(x[5m]│)"),
        ("promql", "rate(x[│", "5m", "rate(x[5m]│"),
        ("promql", "up{service │}", "!=", 'up{service !="│"}'),
        ("logql", "│", "{", "{│}"),
        ("logql", "cou│", "count_over_time", "count_over_time({│} [5m])"),
        ("logql", "{│}", "level", '{level="│"}'),
        ("logql", '{level="x"} │', "json", '{level="x"} | json │'),
        ("logql", '{level="x"} | j│', "json", '{level="x"} | json │'),
        ("logql", '{level="x"} | li│', "line_format", '{level="x"} | line_format "│"'),
        ("logql", '{level="x"} │', "|=", '{level="x"} |= "│"'),
        ("logql", '{level="x"} | json | dur│', "duration_ms", '{level="x"} | json | duration_ms │'),
        ("logql", '{level="x"} | json | error="│', "timeout", '{level="x"} | json | error="timeout"│'),
        ("logql", '{a="b"} | line_format "{{.dur│}}"', "duration_ms", '{a="b"} | line_format "{{.duration_ms│}}"'),
        ("traceql", "│", "{", "{ │ }"),
        ("traceql", "{ res│ }", "resource.service.name", "{ resource.service.name = │ }"),
        ("traceql", "{ two│ }", 'span."two words"', '{ span."two words" = │ }'),
        ("traceql", "{ .ser│ = 1 }", ".service.name", "{ .service.name│ = 1 }"),
        ("traceql", "{ name = │ }", 'a "b"', '{ name = "a \\"b\\"" │ }'),
        ("traceql", '{ name = "│" }', 'a "b"', '{ name = "a \\"b\\""│ }'),
        ("traceql", "{ span.code = │ }", "200", "{ span.code = 200 │ }"),
        ("traceql", "{ dur│ }", "duration", "{ duration > │ }"),
        ("traceql", "{ status = │ }", "error", "{ status = error │ }"),
        ("traceql", "{ } │", "rate", "{ } | rate() │"),
        ("traceql", "{ } | q│", "quantile_over_time", "{ } | quantile_over_time(│)"),
        ("traceql", "{ } | rate() │", "by", "{ } | rate() by (│)"),
        ("traceql", "{ } | rate() by (res│)", "resource.service.name", "{ } | rate() by (resource.service.name│)"),
        ("traceql", "{ } │", ">>", "{ } >> │"),
    ],
)  # fmt: skip
def test_what_is_chosen_is_written_with_its_quotes_and_brackets(module, language, marked, chosen, written):
    assert offered(module, language, marked)[chosen] == written


def test_values_are_asked_for_with_the_other_conditions_of_the_selector(module):
    assert 'up{job="x"}' in offered(module, "promql", 'up{job="x", service=│}')
    assert '{job="x"}' in offered(module, "logql", '{job="x", service="│"}')
    assert "{ kind = server }" in offered(module, "traceql", "{ kind = server && name = │ }")


def test_a_label_that_is_used_already_is_not_offered_again(module):
    assert list(offered(module, "promql", 'up{service="a", │}')) == ["http.route", 'asked up{service="a"}']
    assert list(offered(module, "logql", '{service="a", │}')) == ["level"]


RANKED = """(m, [labels, prefix]) => m.ranked(labels.map((label) => ({label})), prefix).map(({label}) => label)"""


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("req", ["requests", "http_requests", "prequel"]),
        ("hrq", ["http_requests"]),
        ("requests", ["requests", "http_requests"]),
        ("zz", []),
        ("", ["http_requests", "prequel", "requests"]),
    ],
)
def test_beginnings_come_before_parts_and_these_before_letters_in_order(module, prefix, expected):
    assert module("editor/options.js", RANKED, [["http_requests", "prequel", "requests"], prefix]) == expected


@pytest.mark.parametrize(
    "value", ["plain", 'a "b" c', "back\\slash", "line\nbreak", "tab\t", "ünïcode 😀", "nul\x00", "'", "`", ""]
)
def test_a_quoted_value_reads_back_as_itself(module, value):
    assert module("editor/quoting.js", "(m, value) => m.unquote(m.quote(value))", value) == value


@pytest.mark.parametrize(
    ("literal", "value"), [(r'"\x41é"', "Aé"), (r"'it\'s'", "it's"), ("`raw\\n`", "raw\\n"), ('"open', "open")]
)
def test_escapes_of_go_are_read(module, literal, value):
    assert module("editor/quoting.js", "(m, literal) => m.unquote(literal)", literal) == value


ASKED_ONCE = """async (m) => {
  let asked = 0;
  globalThis.fetch = async () => { asked += 1; return new Response('{"status": "success", "data": ["a"]}'); };
  let now = 0;
  const names = new m.Names(() => ({from: 0, to: 60}), undefined, () => now);
  await names.metricLabels("up");
  await names.metricLabels("up");
  const first = asked;
  now = 61_000;
  await names.metricLabels("up");
  return [first, asked];
}"""


def test_names_are_asked_for_once_a_minute(module):
    assert module("editor/names.js", ASKED_ONCE) == [1, 2]
    module.reset()


GIVEN_UP = """async (m) => {
  const aborted = [];
  globalThis.fetch = (address, { signal }) => new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => { aborted.push(String(address)); reject(signal.reason); });
  });
  const names = new m.Names(() => ({from: 0, to: 60}));
  const slow = names.metricLabels("up").catch(() => "given up");
  await new Promise((resolve) => setTimeout(resolve, 20));
  names.metricLabelValues("job", "up").catch(() => {});
  return [await slow, aborted.length];
}"""


def test_a_question_that_nobody_waits_for_any_more_is_given_up(module):
    assert module("editor/names.js", GIVEN_UP) == ["given up", 1]
    module.reset()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a_requests_total", ("counter", "Requests.")),
        ("a_seconds_bucket", ("histogram", "Time.")),
        ("a:b:rate", ("recorded", "Made by a recording rule.")),
        ("constructor", ("", "")),
    ],
)
def test_a_series_finds_the_help_of_its_metric(module, name, expected):
    metadata = {
        "a_requests": [{"type": "counter", "help": "Requests."}],
        "a_seconds": [{"type": "histogram", "help": "Time."}],
    }
    found = module("editor/names.js", "(m, [name, about]) => m.aboutMetric(name, about)", [name, metadata])
    assert (found["type"], found["help"]) == expected
