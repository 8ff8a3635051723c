"""Every file in faults/: it can be read, its queries can be asked, and what it promises can be checked."""

import re

import promql_parser
import pytest

from lab.faults.catalogue import EXCLUDED, FAULTS, KINDS, SIGNALS, VISITORS, read_whole_catalogue
from lab.faults.evidence import DEFAULT_WINDOW_SECONDS
from lab.faults.parameters import chosen_parameters
from lab.manifest import discover
from telemetry_store.logs.query_language.parser import parse as parse_logql
from telemetry_store.logs.query_language.syntax import LogQuery
from telemetry_store.traces.query_language.parser import parse as parse_traceql

CATALOGUE = read_whole_catalogue()

every_fault = pytest.mark.parametrize("fault", CATALOGUE.values(), ids=CATALOGUE.keys())
every_query = pytest.mark.parametrize(
    ("fault", "evidence"),
    [(fault, evidence) for fault in CATALOGUE.values() for evidence in fault.evidence],
    ids=[f"{fault.name}-{number}" for fault in CATALOGUE.values() for number in range(1, len(fault.evidence) + 1)],
)


def test_the_catalogue_is_whole():
    assert len(CATALOGUE) == len(list(FAULTS.iterdir())) >= 22
    assert {fault.truth.kind for fault in CATALOGUE.values()} == set(KINDS)
    assert len({fault.flag for fault in CATALOGUE.values()}) == len(CATALOGUE)


@every_query
@pytest.mark.parametrize("window_seconds", [DEFAULT_WINDOW_SECONDS, 30])
def test_a_query_can_be_asked_with_every_choice_of_parameters(fault, evidence, window_seconds):
    choices = [
        {**fault.defaults, name: choice}
        for name, parameter in fault.parameters.items()
        for choice in parameter.choices or (parameter.default,)
    ]
    for values in choices or [fault.defaults]:
        query = evidence.query_with(values, window_seconds)

        assert not re.search(r"\{[a-z_]+\}", query), "a name in braces is no parameter"
        match evidence.language:
            case "promql":
                promql_parser.parse(query)
            case "logql":
                assert not isinstance(parse_logql(query), LogQuery), "a query for lines gives no number"
            case "traceql":
                parse_traceql(query)


@every_fault
def test_something_shows_and_something_is_excluded(fault):
    changes = {evidence.change for evidence in fault.evidence}

    assert changes & set(EXCLUDED)
    assert changes - set(EXCLUDED)


@every_fault
def test_people_are_told_what_each_signal_shows(fault):
    assert set(fault.signals) == set(SIGNALS)
    assert any(signal.shows for signal in fault.signals.values())
    assert any(signal.hides for signal in fault.signals.values())


@every_fault
def test_more_than_one_signal_shows_it_unless_it_is_one_of_telemetry_itself(fault):
    about_telemetry = {
        *{"broken_propagation", "clock_skew", "span_loss", "uncorrelated_logs", "log_flood", "label_explosion"},
        "scrape_failure",
    }
    showing = {evidence.language for evidence in fault.evidence if evidence.change not in EXCLUDED}

    assert len(showing) > 1 or fault.truth.kind in about_telemetry


@every_fault
def test_the_truth_is_about_services_that_there_are_in_the_order_of_calls(fault):
    system = discover()[fault.system]
    names = {service.name for service in system.services}
    for parameter in fault.parameters.values():
        for choice in parameter.choices:
            truth = fault.truth_with(chosen_parameters(fault, [f"{parameter.name}={choice}"]))
            assert truth.service in {*names, VISITORS}
            assert truth.service not in truth.victims
    assert len(set(fault.truth.victims)) == len(fault.truth.victims)


@every_fault
def test_the_name_of_a_flag_does_not_say_that_something_is_wrong(fault):
    telling = {
        *{"fault", "broken", "bad", "wrong", "missing", "lost", "slow", "failing", "poisoned", "chatty", "busy"},
        *{"leak", "outage", "stampede", "storm", "explosion", "flood", "surge", "bot", "skew", "exhaustion"},
        *{"chaos", "inject", "contention", "growth", "unscrapable", "uncorrelated"},
    }

    assert telling.isdisjoint(fault.flag.split("-"))
