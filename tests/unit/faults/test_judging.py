"""When evidence holds, when it is gone, and against which baselines it can be judged at all."""

import pytest

from lab.faults.catalogue import Evidence
from lab.faults.evidence import could_show, holds, is_normal_again


def evidence(change, amount=None):
    return Evidence("something", "promql", "up", change, amount)


RISES, FALLS, STAYS = evidence("rises", 4), evidence("falls", 4), evidence("stays", 2)
APPEARS, APPEARS_MANY = evidence("appears"), evidence("appears", 5)
ABSENT, DISAPPEARS = evidence("absent"), evidence("disappears")


@pytest.mark.parametrize(
    ("one", "baseline", "now", "expected"),
    [
        (RISES, 10, 40, True),
        (RISES, 10, 39, False),
        (RISES, 10, None, False),
        # From nothing, anything is a rise; nothing is none.
        (RISES, None, 0.1, True),
        (RISES, 0, 0, False),
        (RISES, 10, float("inf"), True),
        (FALLS, 40, 10, True),
        (FALLS, 40, 11, False),
        (FALLS, 40, None, True),
        (FALLS, None, None, False),
        (STAYS, 10, 20, True),
        (STAYS, 10, 5, True),
        (STAYS, 10, 20.1, False),
        (STAYS, 10, 4.9, False),
        (STAYS, 10, None, False),
        (STAYS, None, 10, False),
        (STAYS, None, None, True),
        (APPEARS, None, 0.1, True),
        (APPEARS, 0, 0, False),
        (APPEARS, 1, 2, False),
        (APPEARS_MANY, None, 5, True),
        (APPEARS_MANY, None, 4, False),
        (ABSENT, None, None, True),
        (ABSENT, 0, 0, True),
        (ABSENT, None, 1, False),
        (ABSENT, 1, None, False),
        (DISAPPEARS, 3, None, True),
        (DISAPPEARS, 3, 0, True),
        (DISAPPEARS, 3, 1, False),
        (DISAPPEARS, None, None, False),
    ],
)
def test_evidence_holds(one, baseline, now, expected):
    assert holds(one, baseline, now) is expected


@pytest.mark.parametrize(
    ("one", "baseline", "now", "expected"),
    [
        # Half of the way back, as factors go: 4 is twice 2.
        (RISES, 10, 20, True),
        (RISES, 10, 21, False),
        (RISES, 10, 1, True),
        (RISES, None, 0.1, False),
        (RISES, None, None, True),
        (FALLS, 40, 20, True),
        (FALLS, 40, 19, False),
        (STAYS, 10, 19, True),
        (STAYS, 10, 21, False),
        (APPEARS, None, None, True),
        (APPEARS_MANY, None, 1, False),
        (ABSENT, None, 0, True),
        (ABSENT, None, 1, False),
        # A query for lines from the future finds those of now when it is asked later.
        (ABSENT, 145, None, True),
        (DISAPPEARS, 3, 1, True),
        (DISAPPEARS, 3, None, False),
    ],
)
def test_it_is_normal_again(one, baseline, now, expected):
    assert is_normal_again(one, baseline, now) is expected


@pytest.mark.parametrize("one", [RISES, FALLS, APPEARS, APPEARS_MANY, DISAPPEARS])
@pytest.mark.parametrize(("baseline", "now"), [(10, 100), (100, 10), (None, 10), (10, None)])
def test_what_holds_is_not_normal(one, baseline, now):
    assert not (holds(one, baseline, now) and is_normal_again(one, baseline, now))


@pytest.mark.parametrize(
    ("one", "baseline", "expected"),
    [
        (RISES, None, True),
        (RISES, 10, True),
        # Nothing is more than that.
        (RISES, float("inf"), False),
        (FALLS, 10, True),
        (FALLS, None, False),
        (STAYS, 10, True),
        (STAYS, 0, False),
        (APPEARS, 0, True),
        (APPEARS, 1, False),
        (ABSENT, None, True),
        (ABSENT, 1, False),
        (DISAPPEARS, 1, True),
        (DISAPPEARS, None, False),
    ],
)
def test_a_baseline_is_one_against_which_the_effect_can_be_seen(one, baseline, expected):
    assert could_show(one, baseline) is expected


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (RISES, "≥ 4 × before"),
        (FALLS, "≤ before / 4"),
        (STAYS, "within × 2 of before"),
        (APPEARS, "some, none before"),
        (APPEARS_MANY, "≥ 5, none before"),
        (ABSENT, "none"),
        (DISAPPEARS, "none, some before"),
    ],
)
def test_an_expectation_is_said_in_few_words(one, words):
    assert one.expectation == words
