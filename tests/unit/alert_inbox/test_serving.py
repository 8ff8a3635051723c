"""The inbox imports nothing else of the lab, so what it needs of how services are served stands in it again."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import alert_inbox.__main__ as inbox
from observability import binding, serving


def code_of(function: Callable[..., Any]) -> str:
    """Without comments and docstring: those speak of notifications here, and of requests there."""
    (definition,) = ast.parse(inspect.getsource(function)).body
    assert isinstance(definition, ast.FunctionDef)
    assert ast.get_docstring(definition)
    definition.body = definition.body[1:]
    return ast.unparse(definition)


@pytest.mark.parametrize(
    ("name", "original"), [("_free_address", serving), ("bound_socket", binding), ("_end_with", serving)]
)
def test_the_copy_is_one(name: str, original: ModuleType) -> None:
    assert code_of(getattr(inbox, name)) == code_of(getattr(original, name))
