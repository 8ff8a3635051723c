"""Templates of labels and annotations: what they see of an alert, and what they may ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ...go_template import StringMap, Template, TemplateError, compile_template
from ...refusals import Refusal
from ..query_language.parser import parse
from ..query_language.syntax import Expression
from .expressions import Sample
from .template_functions import AlertData, QueryResult, TemplateSample, template_functions

#: What Prometheus puts before every text, so that `$labels` is `.Labels`. Places in messages count from its beginning.
_DEFINITIONS = (
    "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}"
)


@dataclass
class Outside:
    """What rules know of the world: this process' external labels and URL, and a way to ask its storage.

    `evaluate(expression, unix milliseconds)` raises Refusal.
    """

    evaluate: Callable[[Expression, int], list[Sample]]
    external_labels: Mapping[str, str] = field(default_factory=dict)
    external_url: str = ""
    expansions: int = 0
    failures: int = 0


class AlertTemplates:
    """The templates of one alerting rule. Not for several threads at one time."""

    def __init__(self, alert: str, outside: Outside) -> None:
        self._name = f"__alert_{alert}"
        self._outside = outside
        self._milliseconds = 0
        self._compiled: dict[str, Template] = {}
        self._functions = template_functions(self._query, lambda: self._milliseconds / 1000, outside.external_url)

    def expand(self, text: str, labels: Mapping[str, str], value: float, milliseconds: int) -> str:
        """The text filled in with an alert's labels and value. What fails stands in the text."""
        if "{{" not in text:
            return text
        outside = self._outside
        outside.expansions += 1
        self._milliseconds = milliseconds
        data = AlertData(
            Labels=StringMap(labels),
            ExternalLabels=StringMap(outside.external_labels),
            ExternalURL=outside.external_url,
            Value=value,
        )
        doing = "parsing"
        try:
            template = self._compiled.get(text)
            if template is None:
                template = self._compiled[text] = compile_template(_DEFINITIONS + text, self._functions, self._name)
            doing = "executing"
            return template.render(data)
        except TemplateError as error:
            outside.failures += 1
            return f"<error expanding template: error {doing} template {self._name}: {error}>"

    def _query(self, text: str) -> QueryResult:
        try:
            found = self._outside.evaluate(parse(text), self._milliseconds)
        except Refusal as refusal:
            raise ValueError(str(refusal)) from None
        return QueryResult(TemplateSample(StringMap(labels), value) for labels, value in found)


def check_template(alert: str, text: str) -> None:
    """Raises TemplateError unless the text is a template."""

    def query(text: str) -> QueryResult:
        return QueryResult()

    compile_template(_DEFINITIONS + text, template_functions(query, float, ""), f"__alert_{alert}")
