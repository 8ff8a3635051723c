"""Recording rules: an expression's samples under a new name."""

from __future__ import annotations

from ...refusals import Unprocessable
from .expressions import Sample
from .health import Health
from .rule_files import RuleSpec
from .templates import Outside


class RecordingRule:
    """One recording rule and how its last evaluation went."""

    def __init__(self, spec: RuleSpec) -> None:
        self.spec = spec
        self.health = Health()

    def evaluate(self, nanoseconds: int, outside: Outside, limit: int) -> list[Sample]:
        """The samples to write at the instant. Raises Refusal when the expression fails or the outcome is refused."""
        samples: list[Sample] = []
        for labels, value in outside.evaluate(self.spec.expression, nanoseconds // 1_000_000):
            labels["__name__"] = self.spec.record
            labels.update(self.spec.labels)
            samples.append(({name: text for name, text in labels.items() if text}, value))
        if len({tuple(sorted(labels.items())) for labels, _ in samples}) < len(samples):
            raise Unprocessable("vector contains metrics with the same labelset after applying rule labels")
        if 0 < limit < len(samples):
            raise Unprocessable(f"exceeded limit of {limit} with {len(samples)} series")
        return samples
