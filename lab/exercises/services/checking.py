"""The verdict on a learner's service: a pure function of the task and of what was observed."""

from lab.exercises.services.description import (
    Expected,
    ExpectedCalls,
    ExpectedLines,
    ExpectedMetric,
    ExpectedSpan,
    Service,
)
from lab.exercises.services.log_checks import check_lines
from lab.exercises.services.metric_checks import check_metric
from lab.exercises.services.observed import Observed
from lab.exercises.services.span_checks import check_calls, check_span
from lab.exercises.services.versions import FILE_NAME
from lab.exercises.services.words import listed, requests_in_words, sent_of
from lab.exercises.verdict import Verdict, right, wrong

#: What an error has that comes from the learner's own file.
_OWN_LINE = f"of {FILE_NAME}"

#: More is not read at once.
_MOST_PROBLEMS = 3


def check_service(expected: tuple[Expected, ...], service: Service, observed: Observed) -> Verdict:
    if observed.ended:
        why = f" The last that it said is {observed.last_error}." if observed.last_error else ""
        return wrong(f"The service does not run: {observed.ended}.{why}")
    if problem := _behaves_otherwise(service, observed):
        return wrong(problem)
    problems = [problem for one in expected for problem in _check(one, service, observed)]
    if not problems:
        return right("Right: what arrives is what was asked for.")
    said = f"While it ran, the service wrote {observed.last_error}." if _OWN_LINE in observed.last_error else ""
    return wrong(*problems[:_MOST_PROBLEMS], *([said] if said else []))


def _check(expected: Expected, service: Service, observed: Observed) -> list[str]:
    match expected:
        case ExpectedMetric():
            return check_metric(expected, service, observed)
        case ExpectedSpan():
            return check_span(expected, service, observed)
        case ExpectedLines():
            return check_lines(expected, service, observed)
        case ExpectedCalls():
            return check_calls(expected, service, observed)


def _behaves_otherwise(service: Service, observed: Observed) -> str:
    """Whoever instruments a service leaves what it does as it was."""
    for one in service.sends:
        statuses = {sent.status for sent in sent_of(observed, [one.name])} - {one.answers}
        if statuses:
            instead = listed(
                "no answer in time" if status is None else f"the status {status}"
                for status in sorted(statuses, key=lambda status: status or 0)
            )
            why = f" The last that the service said is {observed.last_error}." if observed.last_error else ""
            sent = len(sent_of(observed, [one.name]))
            return (
                f"The service does not do what it did before: {requests_in_words(one, sent)} "
                f"{'get' if sent != 1 else 'gets'} {instead}, and {one.answers} is right.{why}"
            )
    return ""
