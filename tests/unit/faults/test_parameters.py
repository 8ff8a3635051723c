"""`--set name=value` is checked against the fault before anything is switched."""

from dataclasses import replace

import pytest

from lab.faults.catalogue import Parameter, read_catalogue
from lab.faults.parameters import ParameterError, chosen_parameters

PARAMETERS = (
    Parameter("tier", "backend", "where", choices=("backend", "database")),
    Parameter("share", 0.5, "how many of all", minimum=0.1, maximum=1),
    Parameter("rows", 10, "how many", minimum=1),
    Parameter("quietly", False, "whether nobody hears of it"),
)


@pytest.fixture(scope="module")
def fault():
    some = next(iter(read_catalogue().values()))
    return replace(some, name="cold-start", parameters={parameter.name: parameter for parameter in PARAMETERS})


def test_what_is_not_chosen_has_its_default(fault):
    assert chosen_parameters(fault) == {"tier": "backend", "share": 0.5, "rows": 10, "quietly": False}


def test_a_value_has_the_type_of_its_default(fault):
    chosen = chosen_parameters(fault, ["tier=database", "share=1", "rows = 12", "quietly=TRUE"])

    assert chosen == {"tier": "database", "share": 1.0, "rows": 12, "quietly": True}
    assert [type(value) for value in chosen.values()] == [str, float, int, bool]


def test_the_last_one_of_a_name_counts(fault):
    assert chosen_parameters(fault, ["rows=3", "rows=4"])["rows"] == 4


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("rows", "'rows' is not in the form name=value"),
        ("row=3", "cold-start has no parameter 'row'; it has tier, share, rows, quietly"),
        ("rows=2.5", "rows must be a whole number, not '2.5'"),
        ("rows=", "rows must be a whole number, not ''"),
        ("rows=0", "rows must be at least 1, not 0"),
        ("share=much", "share must be a number, not 'much'"),
        ("share=nan", "share must be a number, not 'nan'"),
        ("share=inf", "share must be a number, not 'inf'"),
        ("share=1.5", "share must be at most 1, not 1.5"),
        ("tier=cache", "tier must be one of backend, database, not cache"),
        ("quietly=1", "quietly must be true or false, not '1'"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(fault, setting, message):
    with pytest.raises(ParameterError) as refused:
        chosen_parameters(fault, [setting])
    assert str(refused.value) == message


def test_a_fault_without_parameters_says_so(fault):
    with pytest.raises(ParameterError, match="cold-start has no parameter 'rows'; it has none"):
        chosen_parameters(replace(fault, parameters={}), ["rows=3"])
