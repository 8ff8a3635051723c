"""Values differ from learner to learner, and are the same for the same one."""

import dataclasses

from lab.exercises.exercise import Choice, Task, ValueSource
from lab.exercises.personal import PLACES, open_answers, personalise, places_of, shown
from lab.manifest import discover


def with_values(exercise, **fields):
    task = Task(
        id="t",
        kind="promql",
        asks="User {user} of {page.name}, not {other}",
        points=5,
        solution="!",
        reference='rate(x{user="{user}"}[1m]) and {service="a"}',
    )
    return dataclasses.replace(
        exercise,
        tasks=(task,),
        values={
            "user": ValueSource(tuple(range(1000))),
            "page": ValueSource(({"name": "home"}, {"name": "product"})),
        },
        **fields,
    )


def test_a_learner_gets_the_same_again_and_others_get_something_else(exercise):
    exercise = with_values(exercise)

    ada = personalise(exercise, "ada")

    assert personalise(exercise, "Ada") == ada
    assert len({personalise(exercise, f"learner {n}").tasks[0].asks for n in range(20)}) > 15


def test_where_a_system_is_entered_is_a_place():
    for system in discover().values():
        assert PLACES[system.entry_service.replace("-", "_")] == f"http://127.0.0.1:{system.entry.port}"


def test_places_are_those_of_the_lab_that_runs_where_it_has_them():
    places = places_of({"client-gateway": "http://127.0.0.1:9347", "loki": "http://127.0.0.1:4100", "other": "x"})

    assert places == PLACES | {"client_gateway": "http://127.0.0.1:9347", "loki": "http://127.0.0.1:4100"}


def test_only_what_has_a_value_is_filled_in(exercise):
    task = personalise(with_values(exercise), "ada").tasks[0]

    user = task.asks.split()[1]
    assert user.isdigit()
    assert task.reference == f'rate(x{{user="{user}"}}[1m]) and {{service="a"}}'
    assert task.asks.endswith(("home, not {other}", "product, not {other}"))


def test_addresses_are_those_of_the_lab_that_runs(exercise):
    assert personalise(exercise, "ada").story == "Look at <http://127.0.0.1:8000/explore>."
    assert personalise(exercise, "ada", {"workbench": "http://127.0.0.1:8600"}).story.endswith(":8600/explore>.")


def test_a_later_task_knows_the_answer_to_an_earlier_one(exercise):
    assert personalise(exercise, "ada", answers={"table": "users"}).tasks[1].asks == "Once more: `users`?"


def test_a_reference_that_waits_for_an_answer_says_for_which():
    task = Task(id="t", kind="logql", asks="?", points=1, solution="!", reference='{a="b"} |= "{answer.trace}"')

    assert open_answers(task) == {"trace"}


def test_choices_stand_in_an_order_of_the_learners_own(exercise):
    choices = tuple(Choice(id, id, id == "a", "") for id in "abcd")
    task = Task(id="t", kind="choice", asks="?", points=1, solution="!", choices=choices)
    exercise = dataclasses.replace(exercise, tasks=(task,))

    orders = {tuple(one.id for one in personalise(exercise, f"{n}").tasks[0].choices) for n in range(20)}

    assert len(orders) > 5
    assert all(sorted(order) == list("abcd") for order in orders)


def test_an_answer_that_is_still_to_come_is_three_dots(exercise):
    asks = personalise(exercise, "ada").task("again").asks

    assert shown(asks) == "Once more: `…`?"
    assert shown('rate({job="chain"}[1m])') == 'rate({job="chain"}[1m])'
