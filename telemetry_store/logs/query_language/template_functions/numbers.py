"""Functions of numbers: whole ones, those with a fraction, sizes and durations. Source: Sprig and its decimals."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, InvalidOperation, localcontext

from ....go_template import Int64
from ....times import NANOSECONDS
from ..units import parse_float, parse_go_duration, parse_size

_INT64 = 2**63


def _to_int(value: object) -> int:
    """What Sprig makes of a value: 0 where it is none."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and abs(value) < _INT64 else -_INT64
    if isinstance(value, str):
        text = _without_zero_decimals(value)
        try:
            number = int(text, 8) if _is_octal(text) else int(text, 0)
        except ValueError:
            # A number with a fraction counts without it.
            decimal = _to_float(text)
            number = int(decimal) if math.isfinite(decimal) else 0
        return number if -_INT64 <= number < _INT64 else 0
    return 0


def _is_octal(text: str) -> bool:
    digits = text.lstrip("+-")
    return len(digits) > 1 and digits[0] == "0" and digits.isdigit()


def _without_zero_decimals(text: str) -> str:
    head, point, rest = text.partition(".")
    return head if point and rest and not rest.strip("0") else text


def _to_float(value: object) -> float:
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return parse_float(value)
        except ValueError:
            return 0.0
    return 0.0


def _wrap(number: int) -> Int64:
    return Int64((number + _INT64) % (2 * _INT64) - _INT64)


def _int(value: object) -> int:
    return _to_int(value)


def _float64(value: object) -> float:
    return _to_float(value)


def _add(*values: object) -> Int64:
    return _wrap(sum(map(_to_int, values)))


def _subtract(left: object, right: object) -> Int64:
    return _wrap(_to_int(left) - _to_int(right))


def _multiply(first: object, *values: object) -> Int64:
    product = _to_int(first)
    for value in values:
        product = int(_wrap(product * _to_int(value)))
    return _wrap(product)


def _divide(left: object, right: object) -> Int64:
    a, b = _to_int(left), _to_int(right)
    if not b:
        raise ValueError("runtime error: integer divide by zero")
    quotient = abs(a) // abs(b)
    return _wrap(quotient if (a < 0) == (b < 0) else -quotient)


def _modulo(left: object, right: object) -> Int64:
    a, b = _to_int(left), _to_int(right)
    if not b:
        raise ValueError("runtime error: integer divide by zero")
    return Int64(int(math.copysign(abs(a) % abs(b), a)))


def _with_decimals(operation: Callable[[Decimal, Decimal], Decimal]) -> Callable[..., float]:
    def calculate(first: object, values: tuple[object, ...]) -> float:
        with localcontext() as context:
            context.prec = 60
            try:
                outcome = Decimal(repr(_to_float(first)))
                for value in values:
                    outcome = operation(outcome, Decimal(repr(_to_float(value))))
            except InvalidOperation:
                raise ValueError("decimal division by 0") from None
            except ArithmeticError:
                raise ValueError("decimal division by 0") from None
            return float(outcome)

    return calculate


_decimal_add = _with_decimals(lambda a, b: a + b)
_decimal_subtract = _with_decimals(lambda a, b: a - b)
_decimal_multiply = _with_decimals(lambda a, b: a * b)
# Shopspring's decimals divide to sixteen digits behind the point.
_decimal_divide = _with_decimals(lambda a, b: (a / b).quantize(Decimal("1e-16")))


def _add_floats(*values: object) -> float:
    return _decimal_add(0.0, values)


def _subtract_floats(first: object, *values: object) -> float:
    return _decimal_subtract(first, values)


def _multiply_floats(first: object, *values: object) -> float:
    return _decimal_multiply(first, values)


def _divide_floats(first: object, *values: object) -> float:
    return _decimal_divide(first, values)


def _largest(first: object, *values: object) -> Int64:
    return Int64(max(map(_to_int, (first, *values))))


def _smallest(first: object, *values: object) -> Int64:
    return Int64(min(map(_to_int, (first, *values))))


def _largest_float(first: object, *values: object) -> float:
    numbers = [_to_float(value) for value in (first, *values)]
    return math.nan if any(map(math.isnan, numbers)) else max(numbers)


def _smallest_float(first: object, *values: object) -> float:
    numbers = [_to_float(value) for value in (first, *values)]
    return math.nan if any(map(math.isnan, numbers)) else min(numbers)


def _ceil(value: object) -> float:
    number = _to_float(value)
    return float(math.ceil(number)) if math.isfinite(number) else number


def _floor(value: object) -> float:
    number = _to_float(value)
    return float(math.floor(number)) if math.isfinite(number) else number


def _round(value: object, places: int, *threshold: float) -> float:
    if abs(places) > 300:
        raise ValueError(f"cannot round to {places} places")
    power = math.pow(10, places)
    digits = power * _to_float(value)
    if not math.isfinite(digits):
        return math.nan
    rest = math.fmod(digits, 1)
    return (math.ceil(digits) if rest >= (threshold[0] if threshold else 0.5) else math.floor(digits)) / power


def _bytes(text: str) -> float:
    return float(parse_size(text))


def _duration(text: str) -> float:
    return parse_go_duration(text) / NANOSECONDS


#: By the names that templates have for them.
FUNCTIONS: dict[str, Callable[..., object]] = {
    "int": _int,
    "float64": _float64,
    "add": _add,
    "sub": _subtract,
    "mul": _multiply,
    "div": _divide,
    "mod": _modulo,
    "addf": _add_floats,
    "subf": _subtract_floats,
    "mulf": _multiply_floats,
    "divf": _divide_floats,
    "max": _largest,
    "min": _smallest,
    "maxf": _largest_float,
    "minf": _smallest_float,
    "ceil": _ceil,
    "floor": _floor,
    "round": _round,
    "bytes": _bytes,
    "duration": _duration,
    "duration_seconds": _duration,
}
