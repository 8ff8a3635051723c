"""What is chosen about a fault: `--set share=0.5` on the command line, the same by name on a page or in a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lab.faults.catalogue import Fault, Parameter, ParameterValue


class ParameterError(ValueError):
    """Something was chosen that a fault does not know, or cannot do; the message says what it can."""


def chosen_parameters(fault: Fault, settings: Iterable[str] | Mapping[str, object] = ()) -> dict[str, ParameterValue]:
    """Every parameter of the fault, with its default or what `name=value` says. Raises ParameterError."""
    if isinstance(settings, Mapping):
        settings = [f"{name}={value}" for name, value in settings.items()]
    values = fault.defaults
    for setting in settings:
        name, equals, text = setting.partition("=")
        name = name.strip()
        if not equals:
            raise ParameterError(f"{setting!r} is not in the form name=value")
        if name not in fault.parameters:
            known = f"it has {', '.join(fault.parameters)}" if fault.parameters else "it has none"
            raise ParameterError(f"{fault.name} has no parameter {name!r}; {known}")
        values[name] = _value(fault.parameters[name], text.strip())
    return values


def _value(parameter: Parameter, text: str) -> ParameterValue:
    try:
        value = _converted(text, parameter.default)
    except ValueError as error:
        raise ParameterError(f"{parameter.name} must be {error}, not {text!r}") from None
    refusal = parameter.refusal(value)
    if refusal:
        raise ParameterError(f"{parameter.name} {refusal}")
    return value


def _converted(text: str, default: ParameterValue) -> ParameterValue:
    """Text as the type of the default. Raises ValueError that says what was expected."""
    if isinstance(default, bool):
        if text.lower() not in ("true", "false"):
            raise ValueError("true or false")
        return text.lower() == "true"
    if isinstance(default, int):
        try:
            return int(text)
        except ValueError:
            raise ValueError("a whole number") from None
    if isinstance(default, float):
        try:
            number = float(text)
        except ValueError:
            raise ValueError("a number") from None
        if not abs(number) < float("inf"):
            raise ValueError("a number")
        return number
    return text
