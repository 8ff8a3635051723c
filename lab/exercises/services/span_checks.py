"""Whether a span is there for each request, in its place, with what it has to say; and whether calls carry its context.

Each function returns what is wrong, a sentence or two each; nothing, when all is well.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lab.exercises.services.description import ExpectedCalls, ExpectedSpan, Requests, Service
from lab.exercises.services.observed import Observed, SeenSpan
from lab.exercises.services.words import all_in_words, code, personal_values, requests_in_words, sent_of


def check_span(expected: ExpectedSpan, service: Service, observed: Observed) -> list[str]:
    named = [span for span in observed.spans if span.name == expected.name]
    if not named:
        return [_missing(expected, observed)]
    if not any(span.ended for span in named):
        return [f"`{expected.name}` is begun {len(named)} times and never ended. What is not ended is not sent."]
    problems = list(_wrong_number(expected, service, observed, named))
    if not problems:
        problems = [*_wrong_place(expected, observed, named), *_wrong_content(expected, service, observed, named)]
    return list(dict.fromkeys(problems))


def _missing(expected: ExpectedSpan, observed: Observed) -> str:
    others = sorted({span.name for span in observed.spans if span.kind != "server"})
    there = (
        f"Beside the requests' own there {'are' if len(others) > 1 else 'is'} {code(others)}."
        if others
        else ("There are only the requests' own.")
    )
    return f"No span is called `{expected.name}`. {there}"


def _wrong_number(
    expected: ExpectedSpan, service: Service, observed: Observed, named: Sequence[SeenSpan]
) -> Iterator[str]:
    traces = {one.trace_id for one in observed.sent}
    elsewhere = [span for span in named if span.trace_id not in traces]
    for name in expected.of:
        sent = sent_of(observed, [name])
        kind = requests_in_words(service.requests(name), len(sent))
        within = [[span for span in named if span.trace_id == one.trace_id] for one in sent]
        ended = [[span for span in spans if span.ended] for spans in within]
        if any(spans and not done for spans, done in zip(within, ended, strict=True)):
            yield (
                f"`{expected.name}` is begun and not ended for {kind}: an error goes past the end of it. A `with` "
                "block ends a span on every way out."
            )
        elif elsewhere and not all(ended):
            yield _in_other_traces(expected, elsewhere)
        elif not all(ended):
            yield f"There is no span `{expected.name}` for {kind}."
        elif any(len(spans) > 1 for spans in ended):
            yield f"There is more than one span `{expected.name}` in a trace of {kind}."


def _in_other_traces(expected: ExpectedSpan, elsewhere: Sequence[SeenSpan]) -> str:
    if all(not span.parent_span_id for span in elsewhere):
        return (
            f"`{expected.name}` is there, but it is no child of the request's span: each of them begins a trace of its "
            "own. Where it was begun no span was current, as in another thread, or an empty context was given to it."
        )
    return f"`{expected.name}` is there, but in a trace that is none of the requests'."


def _wrong_place(expected: ExpectedSpan, observed: Observed, named: Sequence[SeenSpan]) -> Iterator[str]:
    spans = {span.span_id: span for span in observed.spans}
    parent_name = f"`{expected.child_of}`" if expected.child_of else "the request's span"
    for span in _of_expected(expected, observed, named):
        parent = spans.get(span.parent_span_id)
        is_it = parent is not None and (
            parent.name == expected.child_of if expected.child_of else parent.kind == "server"
        )
        if not is_it:
            whose = f"it is a child of `{parent.name}`" if parent is not None else "its parent is none of this service"
            yield f"`{expected.name}` is to be a child of {parent_name}, and {whose}."
        if span.kind.startswith('"'):
            yield (
                f"The kind of `{expected.name}` is the text `{span.kind}`, which no exporter can send: one of "
                "`trace.SpanKind` is what it is to be."
            )
        elif span.kind != expected.kind:
            yield f"`{expected.name}` is of the kind {span.kind}, and {expected.kind} is what it is to be."


def _wrong_content(
    expected: ExpectedSpan, service: Service, observed: Observed, named: Sequence[SeenSpan]
) -> Iterator[str]:
    """Of many spans that are wrong in the same way, one is spoken of, with all requests of which it is true."""
    problems: dict[tuple[str, str], _Problem] = {}
    requests_by_trace = {one.trace_id: service.requests(one.of) for one in observed.sent}
    for span in _of_expected(expected, observed, named):
        of = requests_by_trace[span.trace_id]
        for about, begins, ends in _wrong_in(span, expected, of, personal_values(observed)):
            problem = problems.setdefault(about, _Problem(begins, ends))
            if of.name not in problem.of:
                problem.of.append(of.name)
    for problem in problems.values():
        who = f" for {all_in_words(service, observed, problem.of)}" if problem.ends else ""
        yield f"{problem.begins}{who}{problem.ends}"


@dataclass
class _Problem:
    begins: str
    #: What stands behind the requests; empty where they are not named.
    ends: str
    of: list[str] = field(default_factory=list)


def _wrong_in(
    span: SeenSpan, expected: ExpectedSpan, of: Requests, personal: set[str]
) -> Iterator[tuple[tuple[str, str], str, str]]:
    """What it is about, and what is wrong with it: before and behind the requests."""
    for name, value in span.attributes.items():
        if str(value) in personal:
            whose = f"The attribute `{name}` of `{expected.name}` has `{value}`: that belongs to somebody."
            yield (name, "personal"), whose, ""
    for name, allowed in expected.attributes.items():
        if name not in span.attributes:
            yield (name, "missing"), f"`{expected.name}` has no attribute `{name}`", "."
        elif allowed and str(span.attributes[name]) not in allowed:
            is_there = span.attributes[name]
            can_be = f"`{name}` of `{expected.name}` is `{is_there}`; what it can be is {code(allowed)}."
            yield (name, "value"), can_be, ""
    if of.name in expected.errors_of and span.status != "error":
        is_now = f": its status is {span.status}, not error."
        yield ("status", span.status), f"`{expected.name}` ends as if all were well", is_now
    elif of.name in expected.errors_of and not span.exceptions:
        why = ", but not why: the exception is no event of it (`record_exception`)."
        yield ("status", "why"), f"`{expected.name}` has the status error", why
    elif of.name not in expected.errors_of and span.status == "error":
        yield ("status", "error"), f"`{expected.name}` has the status error", ", where all went well."
    if expected.holds_the_work and span.seconds < of.seconds * 0.95:
        takes = f", and the work takes at least {of.seconds * 1000:.0f} ms: it has to be done within the span."
        yield ("time", of.name), f"`{expected.name}` lasts {span.seconds * 1000:.2g} ms", takes


def _of_expected(expected: ExpectedSpan, observed: Observed, named: Sequence[SeenSpan]) -> Iterator[SeenSpan]:
    traces = {one.trace_id for one in sent_of(observed, expected.of)}
    yield from (span for span in named if span.trace_id in traces and span.ended)


def check_calls(expected: ExpectedCalls, service: Service, observed: Observed) -> list[str]:
    problem = _wrong_calls(expected, service, observed)
    return [problem] if problem else []


def _wrong_calls(expected: ExpectedCalls, service: Service, observed: Observed) -> str:
    assert service.neighbour is not None
    name, calls = service.neighbour.name, observed.calls
    sent = sent_of(observed, expected.of)
    if len(calls) < len(sent):
        kinds = all_in_words(service, observed, expected.of)
        return f"{name} gets {len(calls)} calls, and one for each of {kinds} is expected."
    without = sum(not call.trace_id for call in calls)
    if without:
        return (
            f"{without} of {len(calls)} calls reach {name} without the header `traceparent`: for {name} each of them "
            "begins a new trace."
        )
    if not {one.trace_id for one in sent} <= {call.trace_id for call in calls}:
        return (
            f"The calls carry a `traceparent`, but not of the request that they are made for: {name} would be in "
            "another trace."
        )
    spans = {span.span_id: span for span in observed.spans}
    elsewhere = [call for call in calls if not _is_within(expected.child_of, call.parent_span_id, spans)]
    if expected.child_of and elsewhere:
        callers = [spans.get(call.parent_span_id) for call in elsewhere]
        names = {caller.name if caller else "a span that never arrives" for caller in callers}
        return (
            f"For {name} the caller is {code(sorted(names))}, and `{expected.child_of}` is what it is to be: what is "
            "current when the header is written is what is passed on."
        )
    return ""


def _is_within(name: str, span_id: str, spans: Mapping[str, SeenSpan]) -> bool:
    """Whether it is a span of this name or one below it: a call may have a span of its own."""
    seen = set()
    while span_id in spans and span_id not in seen:
        seen.add(span_id)
        if spans[span_id].name == name:
            return True
        span_id = spans[span_id].parent_span_id
    return False
