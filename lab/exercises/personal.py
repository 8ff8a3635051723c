"""An exercise as one learner gets it: values from the learner's name, addresses from the lab that runs.

The same learner gets the same values again, whenever and wherever; another most likely gets others.
"""

import dataclasses
import hashlib
import random
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from lab.exercises.exercise import Choice, Exercise, Task

#: Where things are, usable in texts as `{workbench}`, the service where a system is entered among them; these are the
#: addresses of a lab that was started plainly.
PLACES: Mapping[str, str] = {
    "workbench": "http://127.0.0.1:8000",
    "frontend": "http://127.0.0.1:8001",
    "client_gateway": "http://127.0.0.1:8347",
    "prometheus": "http://127.0.0.1:9090",
    "loki": "http://127.0.0.1:3100",
    "tempo": "http://127.0.0.1:3200",
    "grafana": "http://127.0.0.1:3000",
}

#: A right answer to an earlier task, usable in a later one as `{answer.task_id}`.
ANSWER = "answer"

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)(?:\.([a-z][a-z0-9_]*))?\}")

_Any = TypeVar("_Any")


def places_of(addresses: Mapping[str, str]) -> dict[str, str]:
    """The places in a lab that has these addresses, by the names of its processes and backends."""
    return {name: addresses.get(name.replace("_", "-")) or plain for name, plain in PLACES.items()}


def names_in(texts: Iterable[str]) -> set[str]:
    """The names that stand in `{name}` or `{name.part}`."""
    return {found[1] for text in texts for found in _PLACEHOLDER.finditer(text)}


def with_samples(text: str) -> str:
    """`text` with a word in place of each value, for who wants to know its form before there is a learner."""
    return _PLACEHOLDER.sub("a", text)


def personalise(
    exercise: Exercise,
    learner: str,
    places: Mapping[str, str] = PLACES,
    answers: Mapping[str, str] | None = None,
) -> Exercise:
    """`exercise` with everything in it filled in, and its choices in this learner's order.

    `answers` are this learner's right ones so far, by task: `{answer.trace}` is that of the task `trace`."""
    seed = hashlib.sha256(f"{learner.casefold()} {exercise.name}".encode()).hexdigest()
    values: dict[str, Any] = {
        name: random.Random(f"{seed} {name}").choice(source.samples) for name, source in exercise.values.items()
    }
    filled = _fill(dataclasses.replace(exercise, values={}), {**places, **values, ANSWER: dict(answers or {})})
    tasks = (dataclasses.replace(task, choices=_shuffled(task.choices, f"{seed} {task.id}")) for task in filled.tasks)
    return dataclasses.replace(filled, tasks=tuple(tasks))


def open_answers(task: Task) -> set[str]:
    """The earlier tasks whose answers are missing in this one."""
    texts = (task.reference, *(mistake.answer for mistake in task.mistakes))
    return {found[2] for text in texts for found in _PLACEHOLDER.finditer(text) if found[1] == ANSWER and found[2]}


def shown(text: str) -> str:
    """A text as its learner reads it: an answer that is still to come is three dots."""
    return _PLACEHOLDER.sub(lambda found: "…" if found[1] == ANSWER and found[2] else found[0], text)


def _shuffled(choices: tuple[Choice, ...], seed: str) -> tuple[Choice, ...]:
    return tuple(random.Random(seed).sample(choices, len(choices)))


def _fill(part: _Any, values: Mapping[str, Any]) -> _Any:
    """Every text in `part`, however deep, with placeholders filled. A name that no value has stays: a query's own."""
    filled: Any = part
    if isinstance(part, str):
        filled = _PLACEHOLDER.sub(lambda found: _value(found, values), part)
    elif isinstance(part, tuple):
        filled = tuple(_fill(one, values) for one in part)
    elif isinstance(part, dict):
        filled = {key: _fill(value, values) for key, value in part.items()}
    elif dataclasses.is_dataclass(part) and not isinstance(part, type):
        changes = {field.name: _fill(getattr(part, field.name), values) for field in dataclasses.fields(part)}
        filled = dataclasses.replace(part, **changes)
    result: _Any = filled
    return result


def _value(found: re.Match[str], values: Mapping[str, Any]) -> str:
    name, part = found[1], found[2]
    if name not in values:
        return found[0]
    value = values[name]
    if part is not None:
        return str(value[part]) if isinstance(value, dict) and part in value else found[0]
    return found[0] if isinstance(value, dict) else str(value)
