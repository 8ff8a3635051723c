"""Whether two sets of series are the same: by labels, and by values at several moments."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lab.telemetry_client import Series

#: Of the moments of a series, this share has to fit: a scrape, or the evaluation of a recording rule, between the two
#: questions may move one of twenty.
MOMENTS_THAT_FIT = 0.9

#: Fewer moments say nothing about what happens over time.
FEWEST_MOMENTS = 4

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Comparison:
    """What an answer's series have in common with the reference's, by labels without those that do not count."""

    #: In both, and the share of moments at which the values fit.
    fits: Mapping[Labels, float]
    missing: frozenset[Labels]
    extra: frozenset[Labels]
    #: Label names of all series.
    expected_names: frozenset[str]
    names: frozenset[str]
    #: Several series of the answer that differ only by what does not count, or by the metric's name.
    ambiguous: bool = False

    @property
    def same_series(self) -> bool:
        return not self.missing and not self.extra and not self.ambiguous

    @property
    def same(self) -> bool:
        return self.same_series and all(share >= MOMENTS_THAT_FIT for share in self.fits.values())


def compare(
    answer: Iterable[Series], reference: Iterable[Series], tolerance: float, extra_labels: Iterable[str] = ()
) -> Comparison:
    """A series that is 0 throughout is neither missed nor too much: `> 0` takes it away, and nothing is lost by it.

    `extra_labels` may stand on the answer's series, and are looked away from where the reference has none of them."""
    expected = {labels_of(series): series for series in reference}
    expected_names = frozenset(name for labels in expected for name, _ in labels)
    allowed = frozenset(extra_labels) - expected_names
    by_labels: dict[Labels, Series] = {}
    ambiguous = False
    for series in answer:
        labels = frozenset((name, value) for name, value in labels_of(series) if name not in allowed)
        ambiguous = ambiguous or labels in by_labels
        by_labels[labels] = series
    missing = expected.keys() - by_labels.keys()
    extra = by_labels.keys() - expected.keys()
    something = any(not _is_zero(series) for series in expected.values())
    if something:
        missing = {labels for labels in missing if not _is_zero(expected[labels])}
        extra = {labels for labels in extra if not _is_zero(by_labels[labels])}
    return Comparison(
        fits={
            labels: share_of_moments(by_labels[labels], expected[labels], tolerance)
            for labels in expected.keys() & by_labels.keys()
        },
        missing=frozenset(missing),
        extra=frozenset(extra),
        expected_names=expected_names,
        names=frozenset(name for labels in by_labels for name, _ in labels),
        ambiguous=ambiguous,
    )


def labels_of(series: Series) -> Labels:
    """Without the metric's name, which says how values came about and not what they are of."""
    return frozenset((name, value) for name, value in series.labels.items() if name != "__name__")


def share_of_moments(answer: Series, reference: Series, tolerance: float) -> float:
    """At which share of all moments of either both have a value, and nearly the same."""
    values, expected = dict(answer.points), dict(reference.points)
    moments = values.keys() | expected.keys()
    largest = max((abs(value) for value in expected.values() if math.isfinite(value)), default=0.0)
    fitting = sum(
        moment in values and moment in expected and is_close(values[moment], expected[moment], tolerance, largest)
        for moment in moments
    )
    return fitting / len(moments) if moments else 1.0


def is_close(value: float, expected: float, tolerance: float, largest: float = 0.0) -> bool:
    """Within a share of the expected value; near 0, within a fiftieth of that share of the `largest` around."""
    if math.isnan(expected) or math.isnan(value):
        return math.isnan(expected) and math.isnan(value)
    if math.isinf(expected) or math.isinf(value):
        return value == expected
    return abs(value - expected) <= max(tolerance * abs(expected), tolerance * largest / 50, 1e-9)


def _is_zero(series: Series) -> bool:
    return all(value == 0 for _, value in series.points)


def enough_moments(series: Iterable[Series]) -> bool:
    """Whether there is something to compare with: a series that is not 0, at several moments."""
    return any(len(one.points) >= FEWEST_MOMENTS and not _is_zero(one) for one in series)


def common_factor(answer: Iterable[Series], reference: Iterable[Series]) -> float | None:
    """By what all values of the answer are too large, if that is the same everywhere; else None."""
    by_labels = {labels_of(series): dict(series.points) for series in reference}
    factors = [
        value / expected
        for series in answer
        for moment, value in series.points
        if (expected := by_labels.get(labels_of(series), {}).get(moment)) and math.isfinite(value / expected)
    ]
    if len(factors) < FEWEST_MOMENTS:
        return None
    factors.sort()
    middle = factors[len(factors) // 2]
    near = sum(abs(factor - middle) <= 0.03 * abs(middle) for factor in factors)
    return middle if middle and near >= MOMENTS_THAT_FIT * len(factors) else None
