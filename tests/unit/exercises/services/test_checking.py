"""Before telemetry is looked at: the service runs, and does what it did before."""

import dataclasses

from lab.exercises.services.checking import check_service
from lab.exercises.services.description import ExpectedMetric, ExpectedSeries, ExpectedSpan
from lab.exercises.services.process import last_error
from tests.unit.exercises.services.conftest import REFUSED, SALES, counter

ALL_SALES = ExpectedMetric("shop_sales_total", "counter", (ExpectedSeries((SALES, REFUSED)),))

TRACEBACK = """\
Traceback (most recent call last):
  File "/home/ada/my-services/ada/90-shop/app.py", line 12, in sell
    return price(wish)
           ^^^^^^^^^^^
  File "/lib/site-packages/flask/app.py", line 900, in wsgi_app
    raise error
NameError: name 'wish' is not defined
"""


def test_what_arrives_as_it_should_passes(service, observe):
    verdict = check_service((ALL_SALES,), service, observe(scrape=counter((5, {}))))

    assert (verdict.passed, verdict.says) == (True, ("Right: what arrives is what was asked for.",))


def test_a_service_that_does_not_start_is_told_with_its_last_words(service, observe):
    observed = observe(ended="it ended by itself", last_error="`NameError: x` in line 3 of app.py")

    verdict = check_service((ALL_SALES,), service, observed)

    assert verdict.says == (
        "The service does not run: it ended by itself. The last that it said is `NameError: x` in line 3 of app.py.",
    )


def test_a_service_that_does_something_else_is_told_so_and_nothing_more(service, observe):
    observed = observe(last_error="`KeyError: 'till'` in line 9 of app.py")
    broken = tuple(dataclasses.replace(one, status=500) if one.of == SALES else one for one in observed.sent)

    [said] = check_service((ALL_SALES,), service, dataclasses.replace(observed, sent=broken)).says

    assert said == (
        "The service does not do what it did before: the 3 requests `POST /sales` that are answered with 201 get the "
        "status 500, and 201 is right. The last that the service said is `KeyError: 'till'` in line 9 of app.py."
    )


def test_no_answer_in_time_is_something_else_as_well(service, observe):
    observed = observe()
    hanging = tuple(dataclasses.replace(one, status=None) if one.of == REFUSED else one for one in observed.sent)

    [said] = check_service((ALL_SALES,), service, dataclasses.replace(observed, sent=hanging)).says

    assert "get no answer in time, and 409 is right" in said


def test_every_expectation_is_looked_at_and_the_error_of_a_thread_is_told(service, observe):
    observed = observe(scrape=counter((3, {})), last_error="`KeyError: 'slip'` in line 9 of app.py")

    verdict = check_service((ALL_SALES, ExpectedSpan("pay", (SALES,))), service, observed)

    assert not verdict.passed
    assert len(verdict.says) == 3
    assert verdict.says[1:] == (
        "No span is called `pay`. There are only the requests' own.",
        "While it ran, the service wrote `KeyError: 'slip'` in line 9 of app.py.",
    )


def test_an_error_is_told_with_its_place_in_the_learners_file():
    assert last_error(TRACEBACK) == "`NameError: name 'wish' is not defined` in line 12 of app.py"
    assert last_error(
        "something\n" + TRACEBACK.replace("NameError", "ValueError") + TRACEBACK + "a line after it\n"
    ) == ("`NameError: name 'wish' is not defined` in line 12 of app.py")


def test_an_error_without_a_place_is_told_as_it_is():
    assert last_error("") == ""
    assert last_error("app.py has no application\n") == "`app.py has no application`"
    assert last_error('Traceback (most recent call last):\n  File "/x/y.py", line 3\nOSError\n') == "`OSError`"
