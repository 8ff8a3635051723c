"""A metric is judged by what it counts, of requests of which it is known what they were."""

import pytest

from lab.exercises.services.description import ExpectedMetric, ExpectedSeries
from lab.exercises.services.driving import read_scrape
from lab.exercises.services.metric_checks import check_metric
from lab.exercises.services.observed import Sample, Scrape
from tests.unit.exercises.services.conftest import REFUSED, SALES, counter, scrape

SALES_BY_RESULT = ExpectedMetric(
    "shop_sales_total",
    "counter",
    (ExpectedSeries((SALES,), {"result": "sold"}), ExpectedSeries((REFUSED,), {"result": "refused"})),
)
ALL_SALES = ExpectedMetric("shop_sales_total", "counter", (ExpectedSeries((SALES, REFUSED)),))
SECONDS = ExpectedMetric("shop_seconds", "histogram", (ExpectedSeries((SALES, REFUSED)),), ((0.1, 1.0),))
AT_WORK = ExpectedMetric("shop_at_work", "gauge", (ExpectedSeries((SALES,)),))


def sold(value):
    return value, {"result": "sold"}


def refused(value):
    return value, {"result": "refused"}


@pytest.fixture
def problems(service, observe):
    return lambda expected, scrape, **more: check_metric(expected, service, observe(scrape=scrape, **more))


def test_what_counts_its_requests_is_right(problems):
    assert problems(SALES_BY_RESULT, counter(sold(3), refused(2))) == []
    assert problems(ALL_SALES, counter((5, {}))) == []


def test_without_metrics_it_says_what_was_answered(problems):
    [said] = problems(ALL_SALES, Scrape(problem="`GET /metrics` is answered with 404"))

    assert said.startswith("`GET /metrics` is answered with 404. Prometheus would ask there")


def test_another_name_is_told_with_what_there_is(problems):
    [said] = problems(SALES_BY_RESULT, scrape("sales", "counter", Sample("sales_total", {}, 3.0)))

    assert said == "There is no metric `shop_sales_total` at `/metrics`. There is `sales_total`."


def test_metrics_of_the_library_are_not_the_learners(problems):
    [said] = problems(SALES_BY_RESULT, scrape("python_info", "gauge", Sample("python_info", {}, 1.0)))

    assert said.endswith("There is none of your own.")


def test_another_type_is_told(problems):
    said = problems(ALL_SALES, scrape("shop_sales_total", "gauge", Sample("shop_sales_total", {}, 5.0)))

    assert said == ["`shop_sales_total` is a gauge, and a counter is asked for."]


@pytest.mark.parametrize(
    ("counted", "hears"),
    [
        (9, "it also counts the 4 requests `GET /health`"),
        (3, "it does not count the 2 requests `POST /sales` that are answered with 409"),
        (11, "it also counts the questions for `/metrics`"),
        (7, "it also counts the 4 requests `GET /health` and it does not count the 2 requests `POST /sales`"),
        (0, "had to be counted: nothing is"),
        (500, "that is 495 too many"),
        (4.5, "that is 0.5 too few"),
    ],
)
def test_what_is_counted_too_much_or_too_little_is_told(problems, counted, hears):
    [said] = problems(ALL_SALES, counter((counted, {})))

    assert hears in said


def test_what_is_counted_twice_is_told(problems):
    [said] = problems(ALL_SALES, counter((10, {})))

    assert said.endswith("each is counted twice.")


def test_a_series_that_is_missing_counts_nothing(problems):
    [said] = problems(SALES_BY_RESULT, counter(sold(3)))

    assert said == (
        '`shop_sales_total{result="refused"}` stands at 0, and the 2 requests `POST /sales` that are answered with 409 '
        "had to be counted: nothing is."
    )


def test_a_value_for_each_request_is_told_from_a_label_too_many(problems):
    each = counter(*((1, {"result": "sold", "order": f"{n}"}) for n in range(6)))
    one = counter((3, {"result": "sold", "shop": "south"}))

    assert (
        "The label `order` has a value of its own for each request: 6 series after 9 requests"
        in (problems(SALES_BY_RESULT, each)[0])
    )
    assert problems(SALES_BY_RESULT, one) == [
        "`shop_sales_total` has the label `shop` as well, which is not asked for."
    ]


def test_labels_that_are_missing_or_have_other_values_are_told(problems):
    assert problems(SALES_BY_RESULT, counter((5, {}))) == ["`shop_sales_total` has no label `result`."]
    assert problems(SALES_BY_RESULT, counter((3, {"result": "ok"}))) == [
        "The label `result` has the value `ok`; what it can be is `refused` and `sold`."
    ]


def test_what_belongs_to_somebody_is_no_label(problems):
    [said, *_] = problems(SALES_BY_RESULT, counter((3, {"result": "sold", "who": "Grace Hopper"})))

    assert "that belongs to somebody" in said


def histogram(count, total, bounds=("0.05", "0.5", "+Inf")):
    buckets = [Sample("shop_seconds_bucket", {"le": bound}, count) for bound in bounds]
    return scrape(
        "shop_seconds",
        "histogram",
        *buckets,
        Sample("shop_seconds_count", {}, count),
        Sample("shop_seconds_sum", {}, total),
    )


def test_a_histogram_of_seconds_is_right(problems):
    assert problems(SECONDS, histogram(5, 0.52)) == []


@pytest.mark.parametrize(
    ("total", "hears"),
    [
        (520.0, "`shop_seconds` is in milliseconds: 104 stands where 0.1 is expected"),
        (0.0001, "the work takes at least 0.1 s: the clock has to run while it is done"),
        (5.0, "the whole requests took no more than 0.11 s"),
    ],
)
def test_other_units_and_other_times_are_told(problems, total, hears):
    [said] = problems(SECONDS, histogram(5, total))

    assert hears in said


def test_errors_that_are_not_measured_are_told_before_anything_else(problems):
    [said] = problems(SECONDS, histogram(3, 310.0))

    assert "it does not count the 2 requests `POST /sales` that are answered with 409" in said


@pytest.mark.parametrize("bounds", [("1", "5", "+Inf"), ("0.001", "0.01", "+Inf")])
def test_bounds_that_tell_nothing_apart_are_told(problems, bounds):
    [said] = problems(SECONDS, histogram(5, 0.52, bounds))

    assert said == (
        f"No bucket of `shop_seconds` ends between 0.1 s and 1 s: in it the two look the same. Its bounds are "
        f"{', '.join(bounds)}."
    )


def gauge(value):
    return scrape("shop_at_work", "gauge", Sample("shop_at_work", {}, value))


@pytest.mark.parametrize("highest", [2, 3])
def test_a_gauge_that_rises_and_falls_is_right(problems, highest):
    assert problems(AT_WORK, gauge(0), scrapes_meanwhile=(gauge(0), gauge(highest))) == []


@pytest.mark.parametrize(
    ("meanwhile", "afterwards", "hears"),
    [
        (0, 0, "never rises above 0 while the 3 requests `POST /sales` that are answered with 201 are at work"),
        (1, 0, "rises to 1 and no further while the 3 requests"),
        (4, 0, "rises to 4 while"),
        (3, 2, "stands at 2 when everything is answered"),
        (3, -1, "it is lowered more often than raised"),
    ],
)
def test_a_gauge_that_does_not_is_told(problems, meanwhile, afterwards, hears):
    [said] = problems(AT_WORK, gauge(afterwards), scrapes_meanwhile=(gauge(meanwhile),))

    assert hears in said


def test_metrics_are_read_as_prometheus_reads_them(problems):
    text = (
        "# TYPE shop_sales_total counter\nshop_sales_total 5\n# TYPE shop_sales_created gauge\nshop_sales_created 1\n"
    )

    assert problems(ALL_SALES, read_scrape(text)) == []
    assert problems(ALL_SALES, read_scrape("# TYPE shop_sales counter\nshop_sales_total 5\n# EOF\n")) == []
    [said] = problems(ALL_SALES, read_scrape("<html>"))
    assert "is not in the form of metrics" in said
