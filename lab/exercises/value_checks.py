"""Letters, numbers and names: answers that are read off a page."""

import re
from collections.abc import Iterable

from lab.exercises.answers import is_query, read_choice, read_names, read_number
from lab.exercises.comparing import is_close
from lab.exercises.exercise import Task
from lab.exercises.results import Data, Evaluated, Numbers
from lab.exercises.verdict import WAIT, Verdict, not_yet, right, wrong


def check_choice(task: Task, answer: str) -> Verdict:
    choice = read_choice(task, answer)
    if choice is None:
        letters = "abcdefghij"[: len(task.choices)]
        return wrong(f"Answer with one letter of {', '.join(letters)}.")
    return right(f"Right. {choice.why}") if choice.right else wrong(choice.why)


def check_number(task: Task, answer: str, data: Data) -> Verdict:
    value = read_number(answer, task.unit)
    if value is None:
        return wrong(f"That is no number{f' of {task.unit}' if task.unit else ''}: expected something like `12.5`.")
    expected = _values(data.reference)
    if not expected:
        return not_yet(WAIT)

    def fits(values: Iterable[float], factor: float = 1.0) -> bool:
        return any(is_close(value, one * factor, task.tolerance) for one in values)

    if fits(expected):
        return right()
    queried = iter(data.mistakes)
    for mistake in task.mistakes:
        if is_query(task, mistake.answer):
            if fits(_values(next(queried))):
                return wrong(mistake.says)
        elif value == read_number(mistake.answer, task.unit):
            return wrong(mistake.says)
    for factor, says in _NUMBER_FACTORS:
        if fits(expected, factor):
            return wrong(f"{says} The task asks for {task.unit or 'a plain number'}.")
    if any(is_close(value, one, _NEAR) for one in expected):
        return wrong("Near, but not near enough.")
    if value < min(expected):
        return wrong("Too small.")
    return wrong("Too large.") if value > max(expected) else wrong("Near, but not near enough.")


#: As a share of the right number.
_NEAR = 0.05

_NUMBER_FACTORS = (
    (100.0, "That would be right in percent."),
    (0.01, "That would be right as a share of 1."),
    (1000.0, "That is 1000 times too large: milliseconds in place of seconds?"),
    (0.001, "That is 1000 times too small: seconds in place of milliseconds?"),
    (60.0, "That is 60 times too large: per minute in place of per second?"),
    (1 / 60, "That is 60 times too small: per second in place of per minute?"),
)


def _values(evaluated: Evaluated) -> list[float]:
    """All values that a number could have been read at: of the one series, at every moment."""
    return [
        value
        for result in evaluated.results
        if isinstance(result, Numbers) and len(result.series) == 1
        for _, value in result.series[0].points
    ]


def check_names(task: Task, answer: str, data: Data) -> Verdict:
    wanted = frozenset(task.names) if task.names else _label_values(task, data)
    if not wanted:
        return not_yet(WAIT)
    given = _as_written(read_names(answer), wanted)
    if not given:
        return wrong("Give names, with commas between them.")
    if given == wanted:
        return right()
    for mistake in task.mistakes:
        if given == read_names(mistake.answer):
            return wrong(mistake.says)
    if len(given) == 1 and len(_as_written(frozenset(answer.split()), wanted) & wanted) > 1:
        return wrong("Put commas between the names, so that it is clear where each ends.")
    extra, missing = given - wanted, wanted - given
    if around := [one for one in sorted(extra) if any(_stands_in(name, one) for name in missing)]:
        return wrong(f"`{around[0]}` says too much: give the name alone, without what stands around it.")
    says = []
    if extra:
        says.append(f"{_listed(extra)} {'does' if len(extra) == 1 else 'do'} not belong there.")
    if missing:
        found = f"{len(given & wanted)} of {len(wanted)} are right" if given & wanted else "None of them is right"
        says.append(f"{found}; {len(missing)} {'is' if len(missing) == 1 else 'are'} missing.")
    return wrong(*says)


def _stands_in(name: str, text: str) -> bool:
    """Whether the name is a part of the text by itself, as an id is at the end of a path."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE) is not None


def _as_written(given: frozenset[str], wanted: frozenset[str]) -> frozenset[str]:
    """Names that differ from the wanted ones in capital letters only are those."""
    by_small_letters = {name.casefold(): name for name in wanted}
    return frozenset(by_small_letters.get(name.casefold(), name) for name in given)


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _label_values(task: Task, data: Data) -> frozenset[str]:
    return frozenset(
        series.labels[task.label]
        for result in data.reference.results
        if isinstance(result, Numbers)
        for series in result.series
        if series.labels.get(task.label)
    )
