"""Reads what `description.py` describes from an exercise's YAML. Raises ContentError."""

from collections.abc import Iterable, Mapping

from lab.exercises.services.description import (
    METRIC_TYPES,
    SPAN_KINDS,
    Expected,
    ExpectedCalls,
    ExpectedLines,
    ExpectedMetric,
    ExpectedSeries,
    ExpectedSpan,
    Neighbour,
    Requests,
    Service,
    Version,
)
from lab.yaml_document import Item

#: What an expectation begins with: the key says what it is about, the value is its name.
_SUBJECTS = (*METRIC_TYPES, "span", "lines", "calls")


def read_service(item: Item) -> Service:
    entries = item.mapping(required=("name", "sends"), optional=("neighbour", "personal"))
    sends = tuple(_requests(one) for one in entries["sends"].items())
    names = [one.name for one in sends]
    if len(set(names)) < len(names):
        raise entries["sends"].error("two kinds of requests have the same name")
    neighbour = None
    if "neighbour" in entries:
        of = entries["neighbour"].mapping(required=("name", "variable"))
        neighbour = Neighbour(of["name"].text(), of["variable"].text())
    folder = item.file.parent
    for file in ("service/app.py", "solution/app.py"):
        if not (folder / file).is_file():
            raise item.error(f"there is no {file} beside it")
    return Service(folder, entries["name"].text(), sends, neighbour, _texts(entries.get("personal")))


def _requests(item: Item) -> Requests:
    entries = item.mapping(
        required=("name",), optional=("get", "post", "json", "times", "answers", "seconds", "at_once", "until")
    )
    if ("get" in entries) == ("post" in entries):
        raise item.error("expected either 'get' or 'post', with a path")
    return Requests(
        name=entries["name"].text(),
        method="GET" if "get" in entries else "POST",
        path=entries["get" if "get" in entries else "post"].text(),
        body=entries["json"].plain() if "json" in entries else None,
        times=entries["times"].whole(1, 50) if "times" in entries else Requests.times,
        answers=entries["answers"].whole(100, 599) if "answers" in entries else Requests.answers,
        seconds=entries["seconds"].number(0, 2) if "seconds" in entries else Requests.seconds,
        at_once=entries["at_once"].yes_or_no() if "at_once" in entries else False,
        until=entries["until"].text() if "until" in entries else "",
    )


def read_expected(item: Item, service: Service) -> tuple[Expected, ...]:
    return tuple(_expected(one, service) for one in item.items())


def _expected(item: Item, service: Service) -> Expected:
    subjects = [key for key in item.entries() if key in _SUBJECTS]
    if len(subjects) != 1:
        raise item.error(f"expected one of {', '.join(_SUBJECTS)}")
    subject = subjects[0]
    match subject:
        case "span":
            entries = item.mapping(("span", "of"), ("kind", "child_of", "attributes", "errors_of", "holds_the_work"))
            return ExpectedSpan(
                name=entries["span"].text(),
                of=_kinds_of_requests(entries["of"], service),
                kind=entries["kind"].one_of(SPAN_KINDS) if "kind" in entries else ExpectedSpan.kind,
                child_of=entries["child_of"].text() if "child_of" in entries else "",
                attributes=_attributes(entries.get("attributes")),
                errors_of=_kinds_of_requests(entries["errors_of"], service) if "errors_of" in entries else (),
                holds_the_work=entries["holds_the_work"].yes_or_no() if "holds_the_work" in entries else False,
            )
        case "lines":
            entries = item.mapping(("lines",), ("fields", "nothing_personal"))
            levels = {name: level.text() for name, level in entries["lines"].entries().items()}
            _require_known(levels, service, entries["lines"])
            nothing_personal = entries["nothing_personal"].yes_or_no() if "nothing_personal" in entries else False
            return ExpectedLines(levels, _texts(entries.get("fields")), nothing_personal)
        case "calls":
            entries = item.mapping(("calls",), ("child_of",))
            child_of = entries["child_of"].text() if "child_of" in entries else ""
            return ExpectedCalls(_kinds_of_requests(entries["calls"], service), child_of)
    entries = item.mapping((subject, "series"), ("tells_apart",))
    return ExpectedMetric(
        name=entries[subject].text(),
        type=next(type for type in METRIC_TYPES if type == subject),
        series=tuple(_series(one, service) for one in entries["series"].items()),
        tells_apart=tuple(_pair(one) for one in entries["tells_apart"].items()) if "tells_apart" in entries else (),
    )


def _series(item: Item, service: Service) -> ExpectedSeries:
    entries = item.mapping(required=("of",), optional=("labels",))
    labels = {name: value.text() for name, value in entries["labels"].entries().items()} if "labels" in entries else {}
    return ExpectedSeries(_kinds_of_requests(entries["of"], service), labels)


def _pair(item: Item) -> tuple[float, float]:
    bounds = [one.number() for one in item.items()]
    if len(bounds) != 2 or bounds[0] >= bounds[1]:
        raise item.error("expected two times in seconds, the shorter first")
    return bounds[0], bounds[1]


def _attributes(item: Item | None) -> Mapping[str, tuple[str, ...]]:
    if item is None:
        return {}
    return {name: tuple(str(value.plain()) for value in one.list_or_one()) for name, one in item.entries().items()}


def _kinds_of_requests(item: Item, service: Service) -> tuple[str, ...]:
    names = _texts(item)
    _require_known(names, service, item)
    return names


def _require_known(names: Iterable[str], service: Service, item: Item) -> None:
    known = [one.name for one in service.sends]
    for name in names:
        if name not in known:
            raise item.error(f"no requests are called {name!r}; there are: {', '.join(known)}")


def read_versions(item: Item | None, service: Service, wrong: bool = False) -> tuple[Version, ...]:
    """Each of the wrong ones says a part of what it has to hear."""
    if item is None:
        return ()
    solution = (service.folder / "solution" / "app.py").read_text(encoding="utf-8")
    versions = []
    for one in item.items():
        entries = one.mapping(required=("changes", "hears") if wrong else ("changes",))
        changes = tuple(_change(change, solution) for change in entries["changes"].items())
        versions.append(Version(changes, entries["hears"].text() if wrong else ""))
    return tuple(versions)


def _change(item: Item, solution: str) -> tuple[str, str]:
    entries = item.mapping(required=("of", "to"))
    # Spaces at the beginning of lines count, and an empty text takes something away.
    before, after = str(entries["of"].plain()), str(entries["to"].plain() or "")
    if solution.count(before) != 1:
        raise item.error(f"{before!r} stands {solution.count(before)} times in solution/app.py; it has to be once")
    return before, after


def _texts(item: Item | None) -> tuple[str, ...]:
    return () if item is None else tuple(one.text() for one in item.list_or_one())
