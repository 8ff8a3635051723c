"""Scenarios: drawn from a seed, the same each time, half of them without a fault."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.faults.catalogue import Catalogue, read_catalogue
from lab.incidents.labels import labels_of
from lab.incidents.scenario import LEVELS, TASKS, Level, Task, draw, is_repairable
from tests.unit.incidents.systems import ABOUT, CHAIN

CATALOGUE = read_catalogue()
READ_AGAIN = read_catalogue()

# A busy machine is no reason to fail.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

levels = st.sampled_from(LEVELS)
tasks = st.sampled_from(TASKS)
seeds = st.integers(min_value=1, max_value=100_000)
systems = st.sampled_from(sorted(ABOUT))


@given(seeds, levels, tasks, systems)
def test_the_same_seed_gives_the_same_bytes(seed: int, level: Level, task: Task, system: str) -> None:
    assert (
        draw(seed, level, task, CATALOGUE, ABOUT[system]).as_bytes()
        == draw(seed, level, task, READ_AGAIN, ABOUT[system]).as_bytes()
    )


def test_what_is_drawn_is_what_it_was_when_this_was_written(catalogue: Catalogue) -> None:
    # Another random generator, or another order of drawing, would silently change every published score.
    drawn = draw(1, "easy", "detect", catalogue, CHAIN)
    assert (drawn.quiet_seconds, drawn.before_clock_seconds, drawn.duration_seconds) == (6, 19, 601)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("task", TASKS)
def test_some_clocks_start_late_without_a_fault_too(level: Level, task: Task, catalogue: Catalogue) -> None:
    drawn = [draw(seed, level, task, catalogue, CHAIN) for seed in range(1, 101)]
    waits = [one.before_clock_seconds for one in drawn if not one.faults]
    # More than one that has a fault plans to wait: that one is late when the fault shows late.
    late = [seconds for seconds in waits if seconds > max(one.before_clock_seconds for one in drawn if one.faults)]
    assert 5 <= len(late) <= 25
    assert max(late) > 30


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("task", TASKS)
def test_over_fifty_seeds_half_of_the_incidents_have_no_fault(level: Level, task: Task, catalogue: Catalogue) -> None:
    drawn = [draw(seed, level, task, catalogue, CHAIN) for seed in range(1, 51)]
    assert sum(1 for one in drawn if one.faults) == 25


@given(st.integers(min_value=1, max_value=50_000), levels, tasks, systems)
def test_of_each_pair_of_seeds_one_has_a_fault(pair: int, level: Level, task: Task, system: str) -> None:
    both = [draw(seed, level, task, CATALOGUE, ABOUT[system]) for seed in (2 * pair - 1, 2 * pair)]
    assert sum(1 for one in both if one.faults) == 1


@given(levels, tasks, systems)
def test_whether_there_is_a_fault_cannot_be_read_from_the_seeds_parity(level: Level, task: Task, system: str) -> None:
    odd = [bool(draw(seed, level, task, CATALOGUE, ABOUT[system]).faults) for seed in range(1, 80, 2)]
    assert 5 < sum(odd) < 35


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("system", sorted(ABOUT))
def test_every_fault_comes_before_one_comes_again(system: str, level: Level, catalogue: Catalogue) -> None:
    of_the_system = [fault.name for fault in catalogue.values() if fault.system == system]
    drawn = [draw(seed, level, "locate", catalogue, ABOUT[system]) for seed in range(1, 2 * len(of_the_system) + 1)]
    firsts = [one.faults[0].name for one in drawn if one.faults]
    assert sorted(firsts) == sorted(of_the_system)


@given(seeds, levels, systems)
def test_the_three_tasks_that_look_share_an_incident(seed: int, level: Level, system: str) -> None:
    detect, locate, analyse = (
        draw(seed, level, task, CATALOGUE, ABOUT[system]) for task in ("detect", "locate", "analyse")
    )
    assert detect.faults == locate.faults == analyse.faults
    assert detect.decoys == locate.decoys == analyse.decoys


@given(seeds, levels, systems)
def test_what_is_to_be_repaired_can_be(seed: int, level: Level, system: str) -> None:
    assert all(
        is_repairable(CATALOGUE[fault.name]) for fault in draw(seed, level, "repair", CATALOGUE, ABOUT[system]).faults
    )


@given(seeds, levels, tasks, systems)
def test_every_value_is_one_that_the_fault_takes(seed: int, level: Level, task: Task, system: str) -> None:
    for drawn in draw(seed, level, task, CATALOGUE, ABOUT[system]).faults:
        fault = CATALOGUE[drawn.name]
        assert set(drawn.values) == set(fault.parameters)
        for name, value in drawn.values.items():
            assert fault.parameters[name].refusal(value) is None
            assert type(value) is type(fault.parameters[name].default)


@given(seeds, levels, tasks, systems)
def test_no_decoy_uses_the_flag_of_a_fault_that_is_on(seed: int, level: Level, task: Task, system: str) -> None:
    drawn = draw(seed, level, task, CATALOGUE, ABOUT[system])
    flags = [fault.flag for fault in drawn.faults] + [decoy.flag for decoy in drawn.decoys]
    assert len(flags) == len(set(flags))


@given(seeds, tasks, systems)
def test_easy_incidents_have_one_fault_at_most_and_no_decoy(seed: int, task: Task, system: str) -> None:
    drawn = draw(seed, "easy", task, CATALOGUE, ABOUT[system])
    assert len(drawn.faults) <= 1
    assert not drawn.decoys


def test_hard_incidents_have_two_faults_now_and_then_in_different_services(catalogue: Catalogue) -> None:
    doubles = [
        one for seed in range(1, 101) if len((one := draw(seed, "hard", "locate", catalogue, CHAIN)).faults) == 2
    ]
    assert doubles
    for drawn in doubles:
        first, second = drawn.faults
        assert first.service != second.service
        assert first.onset_seconds < second.onset_seconds


@given(seeds, tasks, systems)
def test_decoys_come_with_a_fault_and_without(seed: int, task: Task, system: str) -> None:
    assert draw(seed, "hard", task, CATALOGUE, ABOUT[system]).decoys


@given(seeds, systems)
def test_a_hard_fault_is_weaker_than_an_easy_one(seed: int, system: str) -> None:
    def intensities(level: Level) -> list[float]:
        return [
            f.intensity for f in draw(seed, level, "locate", CATALOGUE, ABOUT[system]).faults if f.intensity is not None
        ]

    assert all(hard < easy for hard in intensities("hard") for easy in intensities("easy"))


@given(seeds, levels, tasks, systems)
def test_what_is_true_can_be_answered_with_the_labels(seed: int, level: Level, task: Task, system: str) -> None:
    labels = labels_of(CATALOGUE, ABOUT[system])
    for fault in draw(seed, level, task, CATALOGUE, ABOUT[system]).faults:
        assert fault.service in labels.services
        assert fault.component in labels.components
        assert fault.kind in labels.kinds
        assert set(fault.victims) <= set(labels.services)


def test_the_truth_is_plain_json(catalogue: Catalogue) -> None:
    content = json.loads(draw(2, "hard", "analyse", catalogue, CHAIN).as_bytes())
    assert content["seed"] == 2
    assert set(content) >= {"faults", "decoys", "level", "task", "duration_seconds"}
