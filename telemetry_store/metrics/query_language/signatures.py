"""What each function of Prometheus 2.42 takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

from .syntax import SCALAR_FUNCTIONS, Type

_LETTERS = {"v": Type.VECTOR, "m": Type.MATRIX, "s": Type.SCALAR, "t": Type.STRING}


@dataclass(frozen=True)
class Signature:
    """The arguments' types; how many of the last ones may be left out, -1: the last may come any number of times."""

    arguments: tuple[Type, ...]
    optional: int
    result: Type


def _table(*lines: str) -> dict[str, Signature]:
    """Lines of `arguments: names`; a letter for each argument, `?` after an optional one, `*` after a repeated one."""
    table = {}
    for line in lines:
        shape, _, names = line.partition(":")
        arguments = tuple(_LETTERS[letter] for letter in shape if letter in _LETTERS)
        for name in names.split():
            result = Type.SCALAR if name in SCALAR_FUNCTIONS else Type.VECTOR
            table[name] = Signature(arguments, -1 if "*" in shape else shape.count("?"), result)
    return table


SIGNATURES = _table(
    ": pi time",
    "v: abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_count histogram_sum ln log10",
    "v: log2 rad scalar sgn sin sinh sort sort_desc sqrt tan tanh timestamp",
    "v?: day_of_month day_of_week day_of_year days_in_month hour minute month year",
    "vs: clamp_max clamp_min",
    "vss: clamp",
    "vs?: round",
    "vttt*: label_join",
    "vtttt: label_replace",
    "s: vector",
    "sv: histogram_quantile",
    "ssv: histogram_fraction",
    "sm: quantile_over_time",
    "m: absent_over_time avg_over_time changes count_over_time delta deriv idelta increase irate last_over_time rate",
    "m: max_over_time min_over_time present_over_time resets stddev_over_time stdvar_over_time sum_over_time",
    "ms: predict_linear",
    "mss: holt_winters",
)
