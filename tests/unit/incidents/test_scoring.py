"""Scores: what is right is worth all, what is partly right a part, and what looks at nothing comes to nothing."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.faults.catalogue import read_catalogue
from lab.incidents.answers import Answer, Cause
from lab.incidents.labels import labels_of
from lab.incidents.scenario import LEVELS, TASKS, Level, Task, draw
from lab.incidents.scoring import RepairOutcome, Score, Truth, TruthfulCause, corrected, score
from tests.unit.incidents.systems import CHAIN

ONSET = 1_000.0
CATALOGUE = read_catalogue()
LABELS = labels_of(CATALOGUE, CHAIN)

INDEX = TruthfulCause("database", "inventory-table", "missing_index", ("backend", "frontend"), ONSET)
CACHE = TruthfulCause("backend", "cache", "cache_unavailable", ("database", "frontend"), ONSET + 10)
NOTHING = Truth()
LOOKING: tuple[Task, ...] = ("detect", "locate", "analyse")


def said(cause: TruthfulCause) -> Cause:
    return Cause(cause.service, cause.component, cause.kind, cause.victims)


def right_answer(truth: Truth) -> Answer:
    if not truth.causes:
        return Answer(fault=False)
    return Answer(True, truth.onset, tuple(said(cause) for cause in truth.causes))


services = st.sampled_from(LABELS.services)
causes = st.builds(
    Cause,
    services,
    st.sampled_from(("", *LABELS.components)),
    st.sampled_from(("", *LABELS.kinds)),
    st.lists(services, max_size=3).map(tuple),
)
answers = st.builds(
    lambda fault, since, causes: Answer(fault, since if fault else None, tuple(causes) if fault else ()),
    st.booleans(),
    st.none() | st.floats(0, 5_000),
    st.lists(causes, max_size=4),
)
truths = st.lists(st.sampled_from((INDEX, CACHE)), max_size=2, unique=True).map(lambda some: Truth(tuple(some)))


@given(truths, st.sampled_from(LOOKING))
def test_the_truth_is_worth_all(truth: Truth, task: Task) -> None:
    assert score(task, right_answer(truth), truth, 30).value == 1


@given(truths, answers, st.sampled_from(LOOKING), st.floats(0, 100_000))
def test_every_score_is_from_0_to_1_and_has_a_reason(truth: Truth, answer: Answer, task: Task, seconds: float) -> None:
    judged = score(task, answer, truth, seconds)
    assert 0 <= judged.value <= 1
    assert judged.reasons


@given(truths, answers, st.sampled_from(LOOKING), st.floats(0, 1_000), st.floats(0, 1_000))
def test_who_answers_later_never_gets_more(
    truth: Truth, answer: Answer, task: Task, seconds: float, later: float
) -> None:
    assert score(task, answer, truth, seconds + later).value <= score(task, answer, truth, seconds).value


@given(truths, causes, st.sampled_from(("locate", "analyse")))
def test_naming_one_more_than_there_are_never_helps(truth: Truth, more: Cause, task: Task) -> None:
    full = right_answer(truth)
    excess = Answer(True, full.since, (*full.causes, more))
    assert score(task, excess, truth, 30).value < 1


@pytest.mark.parametrize("task", TASKS)
def test_no_answer_is_worth_nothing(task: Task) -> None:
    assert score(task, None, Truth((INDEX,)), 0) == Score(0.0, ("there was no answer",))
    assert score(task, None, NOTHING, 0).value == 0


@pytest.mark.parametrize("task", LOOKING)
def test_a_false_alarm_costs_as_much_as_a_miss(task: Task) -> None:
    missed = score(task, Answer(fault=False), Truth((INDEX,)), 30)
    alarmed = score(task, Answer(True, ONSET, (said(INDEX),)), NOTHING, 30)
    assert missed.value == alarmed.value == 0


@pytest.mark.parametrize(
    ("since", "value"), [(ONSET, 1.0), (ONSET + 10, 1.0), (ONSET - 35, 0.85), (ONSET + 60, 0.7), (None, 0.7)]
)
def test_to_detect_is_also_to_know_since_when(since: float | None, value: float) -> None:
    assert score("detect", Answer(True, since), Truth((INDEX,)), 30).value == value


@pytest.mark.parametrize(
    ("cause", "value", "reason"),
    [
        (Cause("database", "inventory-table"), 1.0, "right"),
        (Cause("database", "connection-pool"), 0.5, "it was inventory-table, not connection-pool"),
        (Cause("database"), 0.5, "which you did not say"),
        (Cause("backend"), 0.1, "backend suffered, but the cause was in database"),
        (Cause("visitors", "arrival-rate"), 0.0, "not in visitors"),
    ],
)
def test_to_locate_a_victim_is_worth_little(cause: Cause, value: float, reason: str) -> None:
    judged = score("locate", Answer(True, None, (cause,)), Truth((INDEX,)), 30)
    assert judged.value == value
    assert reason in " ".join(judged.reasons)


@pytest.mark.parametrize(
    ("cause", "value"),
    [
        (Cause("database", "inventory-table", "missing_index", ("backend", "frontend")), 1.0),
        (Cause("database", "inventory-table", "missing_index", ("backend",)), 0.85),
        (Cause("database", "inventory-table", "missing_index"), 0.7),
        (Cause("database", "inventory-table", "lock_contention", ("backend", "frontend")), 0.6),
        (Cause("database", "", "lock_contention", ("backend", "frontend")), 0.45),
        (Cause("backend", "cache", "missing_index", ("frontend",)), 0.43),
        (Cause("backend", "cache", "cache_unavailable", ("frontend",)), 0.03),
        (Cause("visitors", "arrival-rate", "traffic_surge"), 0.0),
    ],
)
def test_to_analyse_is_place_kind_and_chain(cause: Cause, value: float) -> None:
    assert score("analyse", Answer(True, None, (cause,)), Truth((INDEX,)), 30).value == value


def test_of_two_causes_one_is_half() -> None:
    both = Truth((INDEX, CACHE))
    assert score("locate", Answer(True, None, (said(CACHE),)), both, 30).value == 0.5
    assert score("locate", Answer(True, None, (said(CACHE), said(INDEX))), both, 30).value == 1


def test_a_decoy_named_beside_the_cause_costs_half() -> None:
    answer = Answer(True, None, (said(INDEX), Cause("visitors", "arrival-rate", "traffic_surge")))
    judged = score("locate", answer, Truth((INDEX,)), 30)
    assert judged.value == 0.5
    assert "too much: visitors" in judged.reasons


def test_after_ten_minutes_half_is_left() -> None:
    answer = Answer(True, ONSET)
    assert score("detect", answer, Truth((INDEX,)), 120).value == 1
    assert score("detect", answer, Truth((INDEX,)), 600).value == 0.5


HARMED = ("availability", "promptness")


@pytest.mark.parametrize(
    ("outcome", "value"),
    [
        (RepairOutcome(HARMED, HARMED, (), actions=1, mending=1), 1.0),
        (RepairOutcome(HARMED, HARMED, (), actions=3, mending=1), 0.7),
        (RepairOutcome(HARMED, HARMED[:1], (), actions=1, mending=0), 0.35),
        (RepairOutcome(HARMED, HARMED, ("up",), actions=1, mending=1), 0.75),
        (RepairOutcome(HARMED, (), (), actions=1, mending=1), 0.0),
        (RepairOutcome(HARMED, HARMED, (), actions=0, mending=0), 0.0),
        (RepairOutcome((), (), (), actions=1, mending=1), 0.0),
    ],
)
def test_a_repair_is_what_the_indicators_say_minus_what_it_cost(outcome: RepairOutcome, value: float) -> None:
    assert score("repair", Answer(True), Truth((INDEX,)), 30, outcome).value == pytest.approx(value)


def test_where_nothing_is_broken_every_action_is_one_too_many() -> None:
    assert score("repair", Answer(True), NOTHING, 30, RepairOutcome(actions=1)).value == 0
    assert score("repair", Answer(True), NOTHING, 30, RepairOutcome()).value == 1


def over_fifty(task: Task, level: Level, play: Callable[[], Answer]) -> float:
    """The corrected score of a player who looks at nothing."""
    halves: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(1, 51):
        drawn = draw(seed, level, task, CATALOGUE, CHAIN)
        causes = [
            TruthfulCause(one.service, one.component, one.kind, one.victims, ONSET + one.onset_seconds)
            for one in drawn.faults
        ]
        halves[bool(causes)].append(score(task, play(), Truth(tuple(causes)), 0).value)
    return corrected(halves[True], halves[False])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("task", LOOKING)
@given(answer=answers)
@settings(max_examples=25)
def test_who_always_says_the_same_scores_at_the_floor(task: Task, level: Level, answer: Answer) -> None:
    assert over_fifty(task, level, lambda: answer) == 0


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("task", LOOKING)
def test_who_guesses_scores_near_the_floor(task: Task, level: Level) -> None:
    chance = random.Random(7)

    def guess() -> Answer:
        if chance.random() < 0.5:
            return Answer(fault=False)
        cause = Cause(
            chance.choice(LABELS.services), chance.choice(LABELS.components), chance.choice(list(LABELS.kinds))
        )
        return Answer(True, ONSET, (cause,))

    mean = sum(over_fifty(task, level, guess) for _ in range(20)) / 20
    assert mean < 0.1


def test_who_is_always_right_scores_one() -> None:
    assert corrected([1, 1, 1], [1]) == 1


@given(st.lists(st.floats(0, 1)), st.lists(st.floats(0, 1)))
def test_the_corrected_score_is_from_0_to_1(with_fault: list[float], without: list[float]) -> None:
    assert 0 <= corrected(with_fault, without) <= 1
