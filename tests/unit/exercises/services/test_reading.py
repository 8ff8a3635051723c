"""What an exercise says of a service is read with care: a slip is told with its place."""

import textwrap

import pytest

from lab.exercises.loader import read_exercise
from lab.exercises.services.description import ExpectedSpan, Version
from lab.yaml_document import ContentError

GOOD = """
title: A shop
part: 5
minutes: 5
idea: Sales are counted.
service:
  name: shop
  sends:
    - {name: health, get: /health}
    - {name: sales, post: /sales, json: {n: 1}, times: 3, answers: 201}
tasks:
  - id: sell
    kind: instrument
    asks: A span.
    points: 10
    expects:
      - {span: sell, of: sales, attributes: {shop.till: [1, 2]}}
    wrong_versions:
      - changes: [{of: 'sell(', to: 'buy('}]
        hears: No span
    solution: A span.
"""


@pytest.fixture
def write(tmp_path):
    def write(old="", new=""):
        assert old in GOOD
        folder = tmp_path / "90-shop"
        for name, text in {"service": "app = 1\n", "solution": "app = 1\nsell()\n"}.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            (folder / name / "app.py").write_text(text)
        for name in ("story", "explanation"):
            (folder / f"{name}.md").write_text("A shop.")
        (folder / "exercise.yaml").write_text(textwrap.dedent(GOOD.replace(old, new)))
        return folder

    return write


def test_a_task_knows_its_service_and_what_it_expects(write):
    exercise = read_exercise(write())

    [task] = exercise.tasks
    assert exercise.service is task.service
    assert task.service.requests("sales").answers == 201
    assert task.expects == (ExpectedSpan("sell", ("sales",), attributes={"shop.till": ("1", "2")}),)
    assert task.wrong_versions == (Version((("sell(", "buy("),), "No span"),)
    assert task.solution.endswith("All of it: `exercises/90-shop/solution/app.py`, with every task solved.")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("of: sales", "of: sale", "no requests are called 'sale'; there are: health, sales"),
        ("{span: sell, of: sales", "{spam: sell, of: sales", "expected one of counter, gauge, histogram, span, lines"),
        ("of: 'sell('", "of: 'l'", "'l' stands 2 times in solution/app.py; it has to be once"),
        ("of: 'sell('", "of: 'gone('", "'gone(' stands 0 times in solution/app.py; it has to be once"),
        ("get: /health", "put: /health", "'put' is not known here"),
        ("get: /health", "times: 2", "expected either 'get' or 'post', with a path"),
        ("name: health", "name: sales", "two kinds of requests have the same name"),
        ("kind: instrument", "kind: promql", "beside a 'service' there are tasks of the kinds instrument, choice"),
        (
            "    expects:\n      - {span: sell, of: sales, attributes: {shop.till: [1, 2]}}\n",
            "",
            "'expects' is missing",
        ),
    ],
)
def test_slips_are_told_with_their_place(write, old, new, said):
    with pytest.raises(ContentError) as raised:
        read_exercise(write(old, new))

    assert said in str(raised.value)
    assert "exercise.yaml:" in str(raised.value)


def test_both_programs_have_to_be_there(write):
    folder = write()
    (folder / "solution" / "app.py").unlink()

    with pytest.raises(ContentError, match=r"there is no solution/app\.py beside it"):
        read_exercise(folder)
