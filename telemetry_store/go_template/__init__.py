"""Go's text/template, in which Loki formats lines and labels, and Prometheus writes annotations of alerts.

`lexer` and `parser` make a tree of a text (`syntax`), `evaluator` fills it in. The functions that every template has
are in `builtins`, printf's verbs in `formatting`, what Go knows of a value in `values`. The functions of Loki and of
Prometheus are in their own packages.
"""

from __future__ import annotations

from .evaluator import Template, compile_template
from .values import Int64, StringMap, TemplateError

__all__ = ["Int64", "StringMap", "Template", "TemplateError", "compile_template"]
