"""What may be written where the caret is, in each language: a table with the caret as │."""

from pathlib import Path

import pytest

TABLE = [line.split("\t") for line in Path(__file__).with_name("contexts.tsv").read_text("utf-8").splitlines()]

CONTEXTS = "(m, rows) => rows.map(([text, caret]) => m.contextAt(text, caret))"


def context_at(module, language, marked):
    caret = marked.index("│")
    text = marked.replace("│", "")
    (found,) = module(f"editor/{language}/context.js", CONTEXTS, [[text, caret]])
    return found


@pytest.mark.parametrize("language", ["promql", "logql", "traceql"])
def test_the_place_of_the_caret_says_what_may_stand_there(module, language):
    rows = [(kind, prefix, marked) for name, kind, prefix, marked in TABLE if name == language]
    asked = [[marked.replace("│", ""), marked.index("│")] for _, _, marked in rows]
    found = module(f"editor/{language}/context.js", CONTEXTS, asked)
    assert [(one["kind"], one["prefix"]) for one in found] == [(kind, prefix) for kind, prefix, _ in rows]
    for one, (text, caret) in zip(found, asked, strict=True):
        if one["kind"] != "nothing":
            assert one["from"] + len(one["prefix"]) == caret, text
            assert caret <= one["to"] <= len(text)


def test_a_value_knows_its_label_and_the_other_conditions(module):
    found = context_at(module, "promql", 'rate(up{job="x", service="b│", zone!="z"}[1m])')
    assert (found["metric"], found["label"], found["mark"]) == ("up", "service", '"')
    assert [(one["label"], one["operator"], one["value"]) for one in found["matchers"]] == [
        ("job", "=", "x"),
        ("zone", "!=", "z"),
    ]


def test_of_a_regular_expression_one_alternative_is_completed(module):
    text = 'up{service=~"front|ba│ck|data"}'
    found = context_at(module, "promql", text)
    plain = text.replace("│", "")
    assert plain[found["from"] : found["to"]] == "back"
    assert found["prefix"] == "ba"
    assert found["pattern"] is True


def test_labels_after_by_are_those_of_the_metric_that_is_summed(module):
    assert context_at(module, "promql", "max(b) + sum by (│) (rate(a_total[1m]))")["metrics"] == ["a_total"]
    assert context_at(module, "promql", "sum(rate(a_total[1m])) by (│)")["metrics"] == ["a_total"]


@pytest.mark.parametrize(
    ("marked", "pipeline", "parsed"),
    [
        ('{service="a"} | │', '{service="a"}', False),
        ('{service="a"} |= "x" | json | │', '{service="a"} |= "x" | json', True),
        ('sum by (│) (rate({service="a"} | json [1m]))', '{service="a"} | json', True),
        ('sum(rate({service="a"} | json [1m])) by (│)', '{service="a"} | json', True),
    ],
)
def test_fields_are_those_that_the_stages_before_make(module, marked, pipeline, parsed):
    found = context_at(module, "logql", marked)
    assert (found["pipeline"], found["parsed"]) == (pipeline, parsed)


@pytest.mark.parametrize(
    ("marked", "conditions"),
    [
        ('{ kind = server && name = "│" && span.x > 5 }', "{ kind = server && span.x > 5 }"),
        ('{ kind = server || name = "│" }', ""),
        ('{ (kind = server) && name = "│" }', ""),
        ('{ status = error } >> { name = "│" }', ""),
    ],
)
def test_values_of_an_attribute_are_asked_for_with_the_conditions_that_hold_too(module, marked, conditions):
    assert context_at(module, "traceql", marked)["conditions"] == conditions
