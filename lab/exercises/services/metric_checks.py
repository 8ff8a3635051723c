"""Whether a metric counts what it has to, in the unit and with the labels that it has to have.

Each function returns what is wrong, a sentence or two each; nothing, when all is well.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from lab.exercises.services.description import ExpectedMetric, ExpectedSeries, Service
from lab.exercises.services.observed import Family, Observed, Sample
from lab.exercises.services.words import all_in_words, code, listed, personal_values, seconds, sent_of

#: Values that a label has for requests of a few kinds; with more, it has one for each request.
_MOST_VALUES = 5

#: What every client library adds by itself.
_NOT_THEIRS = ("python_", "process_")

_ASKED_FOR_METRICS = "the questions for `/metrics`"

#: Clocks of two processes are read at different moments.
_SLACK = 0.05

#: Requests that are sent together are seen at work together; of many, a slow machine may show fewer.
_SEEN_TOGETHER = 2


def check_metric(expected: ExpectedMetric, service: Service, observed: Observed) -> list[str]:
    scrape = observed.scrape
    if scrape.problem:
        return [f"{_sentence(scrape.problem)}. Prometheus would ask there: `generate_latest()` is what to answer."]
    family = _family(scrape.families, expected.name)
    if family is None:
        return [_missing(expected, scrape.families)]
    if family.type != expected.type:
        return [f"`{expected.name}` is a {family.type}, and {_article(expected.type)} {expected.type} is asked for."]
    counting = _counting(family, expected)
    if problems := list(_wrong_labels(expected, counting, observed)):
        return problems
    if expected.type == "gauge":
        return list(_wrong_level(expected, service, observed, counting))
    problems = list(_wrong_counts(expected, service, observed, counting))
    if not problems and expected.type == "histogram":
        problems = list(_wrong_times(expected, service, observed, family))
    return problems


def _family(families: Iterable[Family], name: str) -> Family | None:
    # A counter's samples end in _total, and its TYPE line may or may not.
    return next((one for one in families if name in (one.name, f"{one.name}_total")), None)


def _missing(expected: ExpectedMetric, families: Iterable[Family]) -> str:
    theirs = [
        f"{one.name}_total" if one.type == "counter" else one.name
        for one in families
        if not one.name.startswith(_NOT_THEIRS) and not one.name.endswith("_created")
    ]
    there_are = f"There {'are' if len(theirs) > 1 else 'is'} {code(theirs)}" if theirs else "There is none of your own"
    return f"There is no metric `{expected.name}` at `/metrics`. {there_are}."


def _counting(family: Family, expected: ExpectedMetric) -> list[Sample]:
    """The samples that count, one for each series."""
    name = f"{expected.name}_count" if expected.type == "histogram" else expected.name
    return [one for one in family.samples if one.name == name]


def _wrong_labels(expected: ExpectedMetric, counting: Sequence[Sample], observed: Observed) -> Iterator[str]:
    wanted: dict[str, set[str]] = {}
    for series in expected.series:
        for name, value in series.labels.items():
            wanted.setdefault(name, set()).add(value)
    found: dict[str, set[str]] = {}
    for sample in counting:
        for name, value in sample.labels.items():
            found.setdefault(name, set()).add(value)
    personal = personal_values(observed)
    for name, values in found.items():
        if values & personal:
            yield (
                f"The label `{name}` has values such as `{min(values & personal)}`: that belongs to somebody, and from "
                "now on it is in every copy of these metrics."
            )
        elif name not in wanted and len(values) > _MOST_VALUES:
            yield (
                f"The label `{name}` has a value of its own for each request: {len(counting)} series after "
                f"{len(observed.sent)} requests, and more with every further one. Ids belong into spans and log lines."
            )
        elif name not in wanted:
            yield f"`{expected.name}` has the label `{name}` as well, which is not asked for."
        elif strange := values - wanted[name]:
            yield (
                f"The label `{name}` has the value {code(sorted(strange)[:_MOST_VALUES])}; what it can be is "
                f"{code(sorted(wanted[name]))}."
            )
    if counting and (missing := [name for name in wanted if name not in found]):
        yield f"`{expected.name}` has no label {code(missing)}."


def _wrong_counts(
    expected: ExpectedMetric, service: Service, observed: Observed, counting: Sequence[Sample]
) -> Iterator[str]:
    for series in expected.series:
        value = sum(one.value for one in counting if _is_of(one.labels, series))
        wanted = len(sent_of(observed, series.of))
        if value != wanted:
            yield _miscounted(_written(expected.name, series.labels), value, wanted, series, service, observed)


def _miscounted(
    name: str, value: float, wanted: int, series: ExpectedSeries, service: Service, observed: Observed
) -> str:
    kind = f"`{name}` stands at {value:g}, and {all_in_words(service, observed, series.of)} had to be counted"
    if value == 0:
        return f"{kind}: nothing is."
    counts = {one.name: len(sent_of(observed, [one.name])) for one in service.sends}
    counts[_ASKED_FOR_METRICS] = observed.scrapes_before
    explained = _explained(value, counts, set(series.of))
    if value == 2 * wanted and (explained is None or len(explained[0]) + len(explained[1]) > 1):
        return f"{kind}: each is counted twice."
    if explained is not None:
        too_much, too_little = explained
        says = []
        if too_much:
            asked = [_ASKED_FOR_METRICS] if _ASKED_FOR_METRICS in too_much else []
            others = [all_in_words(service, observed, [one]) for one in too_much if one != _ASKED_FOR_METRICS]
            says.append(f"it also counts {listed([*others, *asked])}")
        if too_little:
            says.append(f"it does not count {all_in_words(service, observed, too_little)}")
        return f"{kind}: {listed(says)}."
    return f"{kind}: that is {abs(value - wanted):g} too {'many' if value > wanted else 'few'}."


def _explained(value: float, counts: Mapping[str, int], wanted: set[str]) -> tuple[list[str], list[str]] | None:
    """The fewest kinds of requests that have to be added or left out for the count to be `value`."""
    names = [name for name, count in counts.items() if count]
    for changes in range(1, 4):
        for changed in combinations(names, changes):
            now = wanted.symmetric_difference(changed)
            if sum(counts[name] for name in now) == value:
                return [one for one in changed if one not in wanted], [one for one in changed if one in wanted]
    return None


def _wrong_times(expected: ExpectedMetric, service: Service, observed: Observed, family: Family) -> Iterator[str]:
    for series in expected.series:
        total = sum(
            one.value for one in family.samples if one.name == f"{expected.name}_sum" and _is_of(one.labels, series)
        )
        sent = sent_of(observed, series.of)
        least = sum(service.requests(one.of).seconds for one in sent)
        most = sum(one.seconds for one in sent)
        name = _written(expected.name, series.labels)
        if _is_between(total / 1000, least, most):
            yield (
                f"`{name}` is in milliseconds: {total / len(sent):.3g} stands where {total / len(sent) / 1000:.2g} is "
                "expected. Prometheus measures in seconds, whatever the size, and dashboards rely on it."
            )
        elif total < least * (1 - _SLACK):
            yield (
                f"`{name}` has {seconds(total / len(sent))} on average, and the work takes at least "
                f"{seconds(least / len(sent))}: the clock has to run while it is done."
            )
        elif not _is_between(total, least, most):
            yield (
                f"`{name}` has {seconds(total / len(sent))} on average, and the whole requests took no more than "
                f"{seconds(most / len(sent))}. What is measured, and in which unit?"
            )
    bounds = sorted({one.labels["le"] for one in family.samples if one.labels.get("le")}, key=float)
    for shorter, longer in expected.tells_apart:
        if not any(shorter <= float(bound) < longer for bound in bounds):
            yield (
                f"No bucket of `{expected.name}` ends between {seconds(shorter)} and {seconds(longer)}: in it the two "
                f"look the same. Its bounds are {', '.join(bounds)}."
            )


def _is_between(total: float, least: float, most: float) -> bool:
    return least * (1 - _SLACK) <= total <= most * (1 + _SLACK)


def _wrong_level(
    expected: ExpectedMetric, service: Service, observed: Observed, counting: Sequence[Sample]
) -> Iterator[str]:
    for series in expected.series:
        name = _written(expected.name, series.labels)
        families = [_family(scrape.families, expected.name) for scrape in observed.scrapes_meanwhile]
        highest = max(
            (
                sum(one.value for one in _counting(family, expected) if _is_of(one.labels, series))
                for family in families
                if family is not None
            ),
            default=0.0,
        )
        together = sum(one.times for one in service.sends if one.at_once and one.name in series.of)
        what = all_in_words(service, observed, [one.name for one in service.sends if one.at_once])
        left = sum(one.value for one in counting if _is_of(one.labels, series))
        if highest <= 0:
            yield f"`{name}` never rises above 0 while {what} are at work, all at the same time."
        elif left > 0:
            yield (
                f"`{name}` stands at {left:g} when everything is answered. There is a way out on which it is not "
                "lowered: an error, perhaps."
            )
        elif left < 0:
            yield f"`{name}` stands at {left:g} when everything is answered: it is lowered more often than raised."
        elif highest < min(together, _SEEN_TOGETHER):
            yield (
                f"`{name}` rises to {highest:g} and no further while {what} are at work, all at the same time: each of "
                "them has to raise it, and to lower it again."
            )
        elif highest > together:
            yield f"`{name}` rises to {highest:g} while {what} are at work: more than there are."


def _is_of(labels: Mapping[str, str], series: ExpectedSeries) -> bool:
    return all(labels.get(name) == value for name, value in series.labels.items())


def _written(name: str, labels: Mapping[str, str]) -> str:
    inside = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{inside}}}" if inside else name


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] if not text.startswith("`") else text


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"
