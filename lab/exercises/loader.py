"""Reads `exercises/NN-name/`: exercise.yaml, story.md, explanation.md. Checks all that can be checked without a lab."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.exercises.exercise import (
    KINDS,
    LANGUAGES,
    PARTS,
    AlertWish,
    Choice,
    Exercise,
    Hint,
    Kind,
    Language,
    Mistake,
    NeededFault,
    Needs,
    Task,
    TimeRange,
    ValueSource,
)
from lab.exercises.personal import ANSWER, PLACES, names_in, open_answers, with_samples
from lab.exercises.rules import RuleRefused, read_alerting_rule, read_recording_rule
from lab.exercises.services.description import Service
from lab.exercises.services.reading import read_expected, read_service, read_versions
from lab.manifest import DEFAULT_SYSTEM
from lab.paths import REPOSITORY
from lab.yaml_document import ContentError, Item, read_text, read_yaml

EXERCISES = REPOSITORY / "exercises"

_FOLDER = re.compile(r"\d\d-[a-z0-9]+(-[a-z0-9]+)*")
_WORD = re.compile(r"[a-z][a-z0-9_]*")

_OF_EVERY_TASK = ("id", "kind", "asks", "points", "solution")
_COMPARED = ("over", "tolerance", "unit", "also_right", "also_wrong", "mistakes", "hints")
#: Kind -> fields that it needs, fields that it can have.
_FIELDS: Mapping[Kind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "promql": (("reference",), ("extra_labels", *_COMPARED)),
    "logql": (("reference",), ("extra_labels", *_COMPARED)),
    "traceql": (("reference",), ("over", "also_right", "also_wrong", "mistakes", "hints")),
    "trace_id": (("reference",), ("lacks", "mistakes", "hints")),
    "self_time": (("span",), ("tolerance", "hints")),
    "choice": (("choices",), ("hints",)),
    "number": (("reference",), ("language", *_COMPARED)),
    "text_set": (
        (),
        ("reference", "language", "label", "names", "over", "also_right", "also_wrong", "mistakes", "hints"),
    ),
    "alert_rule": (("reference",), ("alert", "also_right", "also_wrong", "mistakes", "hints")),
    "recording_rule": (("reference",), ("extra_labels", *_COMPARED)),
    "instrument": (("expects",), ("right_versions", "wrong_versions", "hints")),
}

#: What can be asked beside a service: it needs no lab to be judged.
_BESIDE_A_SERVICE: tuple[Kind, ...] = ("instrument", "choice")


@dataclass(frozen=True)
class ExercisePath:
    """The exercises by name, in their order, and why each of the others cannot be used."""

    exercises: Mapping[str, Exercise]
    #: Name -> the problem, with its file and line.
    unreadable: Mapping[str, str]


def read_exercises(folder: Path = EXERCISES) -> dict[str, Exercise]:
    """All of them by name, in the order of the path. Raises ContentError at the first that cannot be used."""
    path = read_path(folder)
    for problem in path.unreadable.values():
        raise ContentError(problem)
    return dict(path.exercises)


def read_path(folder: Path = EXERCISES) -> ExercisePath:
    """For learners: one exercise that somebody is just writing keeps nobody from the others."""
    exercises: dict[str, Exercise] = {}
    unreadable: dict[str, str] = {}
    for file in sorted(folder.glob("*/exercise.yaml")):
        try:
            exercise = read_exercise(file.parent)
            _require_place(exercise, exercises.values(), file)
        except ContentError as error:
            unreadable[file.parent.name] = str(error)
        else:
            exercises[exercise.name] = exercise
    return ExercisePath(exercises, unreadable)


def _require_place(exercise: Exercise, earlier: Iterable[Exercise], file: Path) -> None:
    for other in earlier:
        if other.number == exercise.number:
            raise ContentError(f"{file}: {other.name} has the number {exercise.number:02} as well")
        if other.part > exercise.part:
            raise ContentError(f"{file}: part {exercise.part} comes after {other.name} of part {other.part}")


def read_exercise(folder: Path) -> Exercise:
    """The exercise in one folder. Raises ContentError."""
    if not _FOLDER.fullmatch(folder.name):
        raise ContentError(f"{folder}: an exercise's folder is called like 07-a-short-name")
    top = read_yaml(folder / "exercise.yaml")
    entries = top.mapping(
        required=("title", "part", "minutes", "idea", "tasks"), optional=("system", "needs", "values", "service")
    )
    service = read_service(entries["service"]) if "service" in entries else None
    exercise = Exercise(
        name=folder.name,
        title=entries["title"].text(),
        part=entries["part"].whole(min(PARTS), max(PARTS)),
        minutes=entries["minutes"].whole(1, 120),
        idea=entries["idea"].text(),
        system=entries["system"].text() if "system" in entries else DEFAULT_SYSTEM,
        story=read_text(folder / "story.md"),
        explanation=read_text(folder / "explanation.md"),
        tasks=_tasks(entries["tasks"], service),
        needs=_needs(entries["needs"]) if "needs" in entries else Needs(),
        values=_values(entries["values"]) if "values" in entries else {},
    )
    if "values" in entries:
        _require_use(exercise, entries["values"])
    if any(task.kind == "alert_rule" for task in exercise.tasks):
        _require_both_times(exercise, top)
    return exercise


def _tasks(item: Item, service: Service | None) -> tuple[Task, ...]:
    tasks: list[Task] = []
    for one in item.items():
        task = _task(one, service)
        if any(other.id == task.id for other in tasks):
            raise one.error(f"there are two tasks {task.id!r}")
        for id in open_answers(task) - {other.id for other in tasks}:
            raise one.error(f"there is no earlier task {id!r} whose answer could be used")
        tasks.append(task)
    return tuple(tasks)


def _task(item: Item, service: Service | None) -> Task:
    kind_item = item.entries().get("kind")
    if kind_item is None:
        raise item.error("'kind' is missing")
    kind = kind_item.one_of(KINDS)
    if (kind not in _BESIDE_A_SERVICE) if service else (kind == "instrument"):
        raise kind_item.error(f"beside a 'service' there are tasks of the kinds {', '.join(_BESIDE_A_SERVICE)}")
    required, optional = _FIELDS[kind]
    entries = item.mapping((*_OF_EVERY_TASK, *required), optional)
    task = Task(
        id=_word(entries["id"]),
        kind=kind,
        asks=entries["asks"].text(),
        points=entries["points"].whole(1, 100),
        solution=_solution(entries["solution"], kind),
        reference=entries["reference"].text() if "reference" in entries else "",
        language=_language(kind, entries),
        lacks=entries["lacks"].text() if "lacks" in entries else "",
        over=_ranges(entries["over"]) if "over" in entries else Task.over,
        tolerance=entries["tolerance"].number(0, 1) if "tolerance" in entries else Task.tolerance,
        unit=entries["unit"].text() if "unit" in entries else "",
        extra_labels=_texts(entries.get("extra_labels")),
        label=entries["label"].text() if "label" in entries else "",
        names=_texts(entries.get("names")),
        span=entries["span"].text() if "span" in entries else "",
        choices=_choices(entries["choices"]) if "choices" in entries else (),
        alert=_alert(entries["alert"]) if "alert" in entries else Task.alert,
        service=service if kind == "instrument" else None,
        expects=read_expected(entries["expects"], service) if service and "expects" in entries else (),
        right_versions=read_versions(entries.get("right_versions"), service) if service else (),
        wrong_versions=read_versions(entries.get("wrong_versions"), service, wrong=True) if service else (),
        also_right=_texts(entries.get("also_right")),
        mistakes=_mistakes(entries.get("mistakes"), "says"),
        also_wrong=_mistakes(entries.get("also_wrong"), "hears"),
        hints=_hints(entries["hints"], entries["points"]) if "hints" in entries else (),
    )
    if kind in ("alert_rule", "recording_rule"):
        _require_rules(task, item)
    if kind == "text_set" and bool(task.names) == bool(task.reference and task.label):
        raise item.error("a text_set has either 'names', or 'reference' and 'label'")
    return task


def _solution(item: Item, kind: Kind) -> str:
    if kind != "instrument":
        return item.text()
    return f"{item.text()}\n\nAll of it: `exercises/{item.file.parent.name}/solution/app.py`, with every task solved."


def _word(item: Item) -> str:
    text = item.text()
    if not _WORD.fullmatch(text):
        raise item.error(f"expected a word of a-z, 0-9 and _, not {text!r}")
    return text


def _language(kind: Kind, entries: Mapping[str, Item]) -> Language:
    if "language" in entries:
        return entries["language"].one_of(LANGUAGES)
    match kind:
        case "logql":
            return "logql"
        case "traceql" | "trace_id":
            return "traceql"
    return "promql"


def _ranges(item: Item) -> tuple[TimeRange, ...]:
    ranges = []
    for one in item.list_or_one():
        entries = one.mapping(required=("minutes",), optional=("step_seconds", "ended_minutes_ago"))
        step = entries["step_seconds"].number(1, 300) if "step_seconds" in entries else TimeRange.step_seconds
        ago = entries["ended_minutes_ago"].number(0, 60) if "ended_minutes_ago" in entries else 0.0
        ranges.append(TimeRange(entries["minutes"].number(0.5, 60), step, ago))
    return tuple(ranges)


def _texts(item: Item | None) -> tuple[str, ...]:
    return () if item is None else tuple(one.text() for one in item.items())


def _mistakes(item: Item | None, key: str) -> tuple[Mistake, ...]:
    mistakes = []
    for one in [] if item is None else item.items():
        entries = one.mapping(required=("answer", key))
        mistakes.append(Mistake(entries["answer"].text(), entries[key].text()))
    return tuple(mistakes)


def _choices(item: Item) -> tuple[Choice, ...]:
    choices = []
    for one in item.items():
        entries = one.mapping(required=("id", "text", "why"), optional=("right",))
        right = entries["right"].yes_or_no() if "right" in entries else False
        choices.append(Choice(_word(entries["id"]), entries["text"].text(), right, entries["why"].text()))
    if sum(choice.right for choice in choices) != 1 or len(choices) < 3:
        raise item.error("expected three choices or more, exactly one of them with 'right: true'")
    if len({choice.id for choice in choices}) < len(choices):
        raise item.error("two choices have the same id")
    return tuple(choices)


def _alert(item: Item) -> AlertWish:
    entries = item.mapping(
        optional=("within_seconds", "labels", "annotations", "for_at_least_seconds", "windows_seconds")
    )
    labels = entries["labels"].entries() if "labels" in entries else {}
    return AlertWish(
        entries["within_seconds"].number(1, 600) if "within_seconds" in entries else AlertWish.within_seconds,
        {name: one.text() for name, one in labels.items()},
        _texts(entries.get("annotations")),
        entries["for_at_least_seconds"].number(0, 600) if "for_at_least_seconds" in entries else 0.0,
        tuple(one.number(1, 3600) for one in entries["windows_seconds"].items())
        if "windows_seconds" in entries
        else (),
    )


def _require_rules(task: Task, item: Item) -> None:
    """What is given as a rule is one."""
    read = read_alerting_rule if task.kind == "alert_rule" else read_recording_rule
    for text in (task.reference, *task.also_right, *(mistake.answer for mistake in task.mistakes)):
        try:
            read(with_samples(text))
        except RuleRefused as refused:
            raise item.error(f"{' '.join(refused.says)}\n{text}") from None


def _require_both_times(exercise: Exercise, item: Item) -> None:
    if not exercise.needs.faults or not exercise.needs.healthy_minutes:
        raise item.error("an alert_rule is judged by two times: 'needs' has to have 'faults' and 'healthy_minutes'")


def _hints(item: Item, points: Item) -> tuple[Hint, ...]:
    hints = []
    for one in item.items():
        entries = one.mapping(required=("text", "costs"))
        hints.append(Hint(entries["text"].text(), entries["costs"].whole(0, 100)))
    if sum(hint.costs for hint in hints) >= points.whole():
        raise item.error("who reads all hints and then solves it must have a point left")
    return tuple(hints)


def _needs(item: Item) -> Needs:
    entries = item.mapping(optional=("requests_per_second", "minutes", "healthy_minutes", "faults"))
    rate = entries["requests_per_second"].number(0, 100) if "requests_per_second" in entries else None
    minutes = entries["minutes"].number(0, 60) if "minutes" in entries else None
    return Needs(
        Needs.requests_per_second if rate is None else rate,
        Needs.minutes if minutes is None else minutes,
        entries["healthy_minutes"].number(0, 10) if "healthy_minutes" in entries else 0.0,
        tuple(_fault(one) for one in entries["faults"].items()) if "faults" in entries else (),
    )


def _fault(item: Item) -> NeededFault:
    entries = item.mapping(required=("name",), optional=("set", "on_for_seconds"))
    settings = {key: one.plain() for key, one in entries["set"].entries().items()} if "set" in entries else {}
    seconds = entries["on_for_seconds"].number(0, 1800) if "on_for_seconds" in entries else NeededFault.on_for_seconds
    return NeededFault(entries["name"].text(), settings, seconds)


def _values(item: Item) -> dict[str, ValueSource]:
    values = {}
    for name, one in item.entries().items():
        if not _WORD.fullmatch(name) or name in (*PLACES, ANSWER):
            taken = ", ".join((*PLACES, ANSWER))
            raise one.error(f"a value needs a name of a-z, 0-9 and _ other than {taken}")
        entries = one.mapping(optional=("sample", "range"))
        if len(entries) != 1:
            raise one.error("expected either 'sample', a list, or 'range', two whole numbers")
        values[name] = ValueSource(_samples(entries["sample"]) if "sample" in entries else _range(entries["range"]))
    return values


def _samples(item: Item) -> tuple[object, ...]:
    samples = [one.plain() for one in item.items()]
    keys = {tuple(sample) if isinstance(sample, dict) else () for sample in samples}
    if len(samples) < 2 or len(keys) > 1:
        raise item.error("expected two samples or more, all of them with the same keys if they have any")
    return tuple(samples)


def _range(item: Item) -> tuple[object, ...]:
    bounds = [one.whole() for one in item.items()]
    if len(bounds) != 2 or bounds[0] >= bounds[1]:
        raise item.error("expected two whole numbers, the smaller first")
    return tuple(range(bounds[0], bounds[1] + 1))


def _require_use(exercise: Exercise, item: Item) -> None:
    """A value that no text uses is a slip, most likely of its name."""
    used = names_in(_texts_of(exercise))
    for name in exercise.values:
        if name not in used:
            raise item.error(f"no text of the exercise uses {{{name}}}")


def _texts_of(exercise: Exercise) -> Iterable[str]:
    yield from (exercise.story, exercise.explanation)
    for fault in exercise.needs.faults:
        yield from map(str, fault.settings.values())
    for task in exercise.tasks:
        yield from (task.asks, task.reference, task.solution, *task.alert.labels.values())
