"""Queries are judged by what they find at several moments; what is wrong is named."""

import pytest

from lab.exercises.checking import check
from lab.exercises.exercise import Mistake
from lab.exercises.results import Data, Evaluated, FoundTrace, Lines, Numbers, Refused, Traces
from lab.telemetry_client import LogLine
from tests.unit.exercises.conftest import MOMENTS, numbers, query_data, query_task, series

RISING = [1.0, 2.0, 3.0, 2.5, 2.0, 1.0, 1.5, 3.0, 4.0]
OTHER = [3.0, 1.0, 1.0, 2.0, 4.0, 4.0, 2.0, 1.0, 1.5]


def times(factor, values=RISING):
    return [factor * value for value in values]


def says(task, data, answer="rate(x[1m])"):
    verdict = check(task, answer, data)
    assert not verdict.passed
    assert verdict.points == 0
    return " ".join(verdict.says)


def test_what_finds_the_same_is_right_whatever_it_looks_like():
    reference = numbers(series(RISING, endpoint="/"), series(OTHER, endpoint="/user/<id>"))

    verdict = check(query_task(), "anything", query_data(reference, reference))

    assert verdict.passed
    assert verdict.points == 10


def test_a_small_difference_at_one_moment_is_jitter():
    jitter = [*RISING[:4], 2.02, *RISING[5:]]

    assert check(query_task(), "q", query_data(numbers(series(jitter)), numbers(series(RISING)))).passed


def test_the_name_of_the_metric_does_not_count_and_neither_do_labels_that_are_allowed():
    mine = numbers(series(RISING, __name__="x", endpoint="/", instance="a:1"))
    reference = numbers(series(RISING, endpoint="/"))

    assert check(query_task(extra_labels=("instance",)), "q", query_data(mine, reference)).passed
    assert "still carry `instance`" in says(query_task(), query_data(mine, reference))


def test_two_series_that_differ_only_in_an_allowed_label_are_not_one():
    mine = numbers(series(RISING, instance="a:1"), series(RISING, instance="b:1"))

    assert not check(query_task(extra_labels=("instance",)), "q", query_data(mine, numbers(series(RISING)))).passed


def test_a_series_of_zeros_is_neither_missed_nor_too_much():
    without = numbers(series(RISING, status="200"))
    with_zeros = numbers(series(RISING, status="200"), series(0.0, status="500"))

    assert check(query_task(), "q", query_data(without, with_zeros)).passed
    assert check(query_task(), "q", query_data(with_zeros, without)).passed


def test_a_number_that_fits_one_moment_does_not_pass():
    assert not check(query_task(), "vector(3)", query_data(numbers(series(3.0)), numbers(series(RISING)))).passed


def test_a_constant_is_found_out_even_where_it_fits():
    data = query_data(numbers(series(10.0)), numbers(series(10.0)), answer_long_ago=Numbers((series(10.0),)))

    assert "does not look at any data" in says(query_task(), data, "vector(10)")


def test_a_query_that_falls_back_to_zero_is_no_constant():
    data = query_data(numbers(series(RISING)), numbers(series(RISING)), answer_long_ago=Numbers((series(0.0),)))

    assert check(query_task(), "sum(rate(x[1m])) or vector(0)", data).passed


def test_every_time_range_has_to_fit():
    mine = Evaluated((Numbers((series(RISING),)), Numbers((series(RISING),))))
    reference = Evaluated((Numbers((series(RISING),)), Numbers((series(OTHER),))))

    assert not check(query_task(), "q", Data(answer=mine, reference=reference)).passed


def test_without_data_nothing_is_judged():
    verdict = check(query_task(), "q", query_data(numbers(), numbers()))

    assert not verdict.passed
    assert not verdict.judged


def test_a_known_mistake_is_answered_with_its_own_words():
    task = query_task(mistakes=(Mistake("increase(x[1m])", "That is per minute."), Mistake("y", "That is y.")))

    said = says(
        task,
        query_data(numbers(series(OTHER)), numbers(series(RISING)), numbers(series(times(60))), numbers(series(OTHER))),
    )

    assert said == "That is y."


def test_what_is_right_is_right_even_when_a_mistake_comes_to_the_same():
    task = query_task(mistakes=(Mistake("y", "That is y."),))
    same = numbers(series(RISING))

    assert check(task, "q", query_data(same, same, same)).passed


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (60, "per minute. The task asks for requests per second"),
        (1 / 60, "a sixtieth everywhere"),
        (1000, "milliseconds in place of seconds"),
        (1 / 1000, "seconds in place of milliseconds"),
        (100, "percent"),
        (1 / 100, "a share of 1"),
        (-1, "wrong sign"),
        (300, "300 times as large"),
        (0.5, "0.5 of what they should be"),
    ],
)
def test_a_constant_factor_is_named(factor, said):
    assert said in says(query_task(), query_data(numbers(series(times(factor))), numbers(series(RISING))))


def test_series_that_do_not_belong_are_named():
    mine = numbers(series(RISING, endpoint="/"), series(OTHER, endpoint="/health"))

    said = says(query_task(), query_data(mine, numbers(series(RISING, endpoint="/"))))

    assert said == (
        'What is asked for is there, but also includes `{endpoint="/health"}`, which does not belong to it.'
    )


def test_series_that_are_missing_are_named():
    reference = numbers(series(RISING, endpoint="/"), series(OTHER, endpoint="/user/<id>"))

    assert says(query_task(), query_data(numbers(series(RISING, endpoint="/")), reference)) == (
        'The result lacks `{endpoint="/user/<id>"}`.'
    )


def test_only_labels_that_tell_series_apart_are_shown():
    mine = numbers(series(RISING, e="/", job="chain"), series(OTHER, e="/health", job="chain"))

    assert '`{e="/health"}`' in says(query_task(), query_data(mine, numbers(series(RISING, e="/", job="chain"))))


def test_series_of_another_service_altogether_are_recognised():
    mine = numbers(series(RISING, service="backend", e="/api"), series(OTHER, service="backend", e="/api/user"))
    reference = numbers(series(RISING, service="frontend", e="/"), series(OTHER, service="frontend", e="/user"))

    assert says(query_task(), query_data(mine, reference)) == (
        "Your series have the `service` `backend`. The task asks for `frontend`."
    )


def test_a_known_mistake_that_finds_nothing_is_known_by_its_text():
    task = query_task(mistakes=(Mistake("rate( x[1s] )", "A second is too short."),))
    data = query_data(numbers(), numbers(series(RISING)), numbers())

    assert says(task, data, "rate(x[1s])") == "A second is too short."


def test_a_label_that_was_added_up_is_named():
    reference = numbers(series(RISING, endpoint="/"), series(OTHER, endpoint="/user/<id>"))

    said = says(query_task(), query_data(numbers(series(RISING)), reference))

    assert said.startswith("Too much has been added up: `endpoint` is gone")


def test_labels_that_are_not_asked_for_are_named():
    mine = numbers(series(RISING, endpoint="/", status="200"), series(OTHER, endpoint="/", status="404"))

    said = says(query_task(), query_data(mine, numbers(series(RISING, endpoint="/"))))

    assert said == (
        "Your series (2) still carry `status`, which the task does not ask for. Aggregate: `sum by (endpoint) (…)`."
    )


def test_quantiles_are_not_put_together():
    mine = numbers(series(RISING, endpoint="/", service="a"), series(OTHER, endpoint="/user", service="a"))
    query = "histogram_quantile(0.95, rate(x_bucket[1m]))"

    assert "`sum by (le) (…)` inside" in says(query_task(), query_data(mine, numbers(series(RISING))), query)
    by_service = query_data(mine, numbers(series(RISING, service="a")))
    assert "`sum by (le, service) (…)` inside" in says(query_task(), by_service, query)


@pytest.mark.parametrize(("asked", "hears"), [("95", "`0.95` for 95 %"), ("99.9", "`0.999` for 99.9 %")])
def test_a_quantile_is_no_percentage(asked, hears):
    data = query_data(numbers(series(OTHER)), numbers(series(RISING)))

    assert hears in says(query_task(), data, f"histogram_quantile({asked}, sum by (le) (rate(x_bucket[1m])))")


def test_a_division_is_added_up_on_both_sides():
    data = query_data(numbers(series(RISING, e="/"), series(OTHER, e="/user")), numbers(series(RISING)))

    assert "both sides, as in `sum(…) / sum(…)`" in says(query_task(), data, "rate(x[1m]) / rate(y[1m])")


def test_right_values_at_another_label_are_told_apart_from_wrong_ones():
    reference = numbers(series(RISING, endpoint="/"))

    assert says(query_task(), query_data(numbers(series(RISING, route="/")), reference)) == (
        "The values are right, but they carry `route` in place of `endpoint`."
    )
    assert "told apart by `route`" in says(query_task(), query_data(numbers(series(OTHER, route="/")), reference))


def test_a_counter_in_place_of_its_rate_is_recognised():
    counter = [100.0 + n * n for n in range(len(MOMENTS))]

    assert "the counter itself" in says(query_task(), query_data(numbers(series(counter)), numbers(series(RISING))))


def test_another_window_is_suspected_where_only_the_mean_is_right():
    smooth = [2.2, 2.3, 2.1, 2.2, 2.3, 2.2, 2.1, 2.2, 2.3]

    data = query_data(numbers(series(smooth)), numbers(series(RISING)))
    assert "the time in `[…]`" in says(query_task(), data, "rate(x[1m]) + rate(x[2m])")


def test_the_time_in_brackets_is_not_blamed_where_it_is_the_one_asked_for():
    of_the_same_size = [2.2, 2.3, 2.1, 2.2, 2.3, 2.2, 2.1, 2.2, 2.3]

    said = says(query_task(), query_data(near_to(of_the_same_size), near_to(RISING)), "sum(rate(y[1m]))")

    assert said.endswith("another question has an answer of the same size.")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("rate(x[5m])", "Your query looks back over `[5m]`; the task asks for `[1m]`."),
        ("rate(x[60s])", "close, but not the same question"),
        ("x / 60", "Your query has no time in `[…]`."),
    ],
)
def test_another_time_in_brackets_is_named(query, said):
    near = [*RISING[:5], *times(1.1, RISING[5:])]

    assert said in says(
        query_task(unit="", reference="rate(x[1m]) - y"), query_data(near_to(near), near_to(RISING)), query
    )


def test_looking_back_in_place_of_the_value_itself_is_named():
    data = query_data(near_to(times(0.9, OTHER)), near_to(RISING))

    assert "the values as they are" in says(query_task(reference="x / y"), data, "rate(x[1m])")


def near_to(values):
    return numbers(series(values))


def test_a_ramp_over_another_time_is_not_taken_for_a_counter():
    ramp = [1.0, 1.1, 1.3, 1.4, 1.6, 1.7, 1.9, 2.0, 2.2]

    said = says(query_task(), query_data(numbers(series(ramp)), numbers(series(RISING))), "rate(x[5m])")

    assert said == "Your query looks back over `[5m]`; the task asks for `[1m]`."


def test_what_is_left_out_of_a_sum_or_too_much_in_it_is_told_by_the_side():
    less = [*RISING[:5], *times(0.9, RISING[5:])]
    more = [*RISING[:5], *times(1.1, RISING[5:])]

    def said(values, query):
        return says(query_task(), query_data(numbers(series(values)), numbers(series(RISING))), query)

    assert "something is left out" in said(less, 'rate(x{status="200"}[1m])')
    assert "does not belong" in said(more, "rate(x[1m])")
    assert "left out" not in said(less, "avg(rate(x[1m]))")


def test_values_at_the_wrong_labels_are_recognised():
    mine = numbers(series(RISING, e="a"), series(OTHER, e="b"))
    reference = numbers(series(OTHER, e="a"), series(RISING, e="b"))

    assert (
        says(query_task(), query_data(mine, reference)) == "The values are right, but they stand at the wrong labels."
    )


def test_otherwise_it_is_said_whether_values_are_too_large():
    large = [9.0, 11.0, 8.0, 19.0, 7.0, 14.0, 9.0, 21.0, 8.0]

    assert "larger than they should be" in says(
        query_task(), query_data(numbers(series(large)), numbers(series(RISING)))
    )


def test_nothing_found_comes_with_its_reasons():
    data = query_data(numbers(), numbers(series(RISING)), reasons_for_nothing=("There is no metric `y`.",))

    assert says(query_task(), data) == "Your query finds nothing. There is no metric `y`."


def refused(text):
    return Evaluated((Refused(text),))


def test_a_query_that_is_refused_is_shown_with_the_place():
    said = '1:6: parse error: unexpected "{" in aggregation'

    verdict = check(query_task(), "sum({", query_data(refused(said), numbers(series(RISING))))

    assert verdict.says[0] == 'This is no PromQL yet: unexpected "{" in aggregation'
    assert verdict.says[1] == "```\nsum({\n     ^\n```"


def test_of_a_long_query_what_is_around_the_mistake_is_shown():
    query = "sum by (service) (rate(frontend_requests_total{status=500}[1m])) / sum(rate(requests_total[1m]))"
    said = f"1:{query.index('500') + 1}: parse error: unexpected character inside braces: '5'"

    verdict = check(query_task(), query, query_data(refused(said), numbers(series(RISING))))

    assert verdict.says[1] == f"```\n…equests_total{{status=500}}[1m])) / sum(rate…\n{' ' * 22}^\n```"


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        (
            '1:6: parse error: expected type range vector in call to function "rate", got instant vector',
            "`rate` looks at samples over a time",
        ),
        (
            'invalid parameter "query": invalid expression type "range vector" for range query, must be Scalar',
            "many samples for every moment",
        ),
        (
            "1:1: parse error: expected type instant vector in aggregation expression, got range vector",
            "mean or most of one series over a time",
        ),
        ("1:5: parse error: unclosed left parenthesis", "Something is open at the end"),
        ("1:3: parse error: unexpected character inside braces: '/'", "stand in quotes"),
        ('1:5: parse error: unexpected identifier "a" in grouping opts, expected "("', "round brackets"),
        ("1:24: parse error: unexpected <aggr:sum>", "Is a comma, an operator or a bracket missing"),
        ('1:19: parse error: unexpected identifier "MB"', "A number has no unit"),
        ('1:19: parse error: unexpected duration "15m"', "a number of seconds"),
    ],
)
def test_a_usual_slip_of_syntax_is_explained(said, advice):
    assert advice in says(query_task(), query_data(refused(said), numbers(series(RISING))))


@pytest.mark.parametrize(
    ("query", "said", "advice"),
    [
        ("{service=backend}", "unexpected IDENTIFIER, expecting STRING", "A text stands in quotes"),
        ('{a="b" c="d"}', "unexpected IDENTIFIER, expecting } or ,", "have commas between them"),
        ('{a="b"} | json | c=="d"', "unexpected STRING", "compared with one `=`"),
        ('{a="b"} "c"', "unexpected STRING", "an operator comes before the text"),
        ('{a="b", c>1}', "unexpected >, expecting = or =~ or !~ or !=", "`| json | name > 10`"),
        ('{a="b"} | json | http.route="/"', "unexpected .", "`http.route` becomes `http_route`"),
        ('count_over_time({a="b"})', "unexpected )", "`count_over_time({…} … [1m])`"),
    ],
)
def test_a_usual_slip_in_a_log_query_is_explained(query, said, advice):
    refusal = refused(f"parse error at line 1, col 8: syntax error: {said}")

    assert advice in says(LOG_TASK, query_data(refusal, lines(line(1))), query)


@pytest.mark.parametrize(
    ("query", "said", "advice"),
    [
        ("{ name = GET }", "unknown identifier: GET", "A text stands in quotes"),
        ('{ error.type = "a" }', "syntax error: unexpected .", "An attribute says whose it is"),
        ("{ status = 404 }", "binary operations must operate on the same type: status = 404", "What HTTP answered is"),
        ('{ name = "a", duration > 1s }', "syntax error: unexpected ,", "joined by `&&`"),
        ('{ kind = "client" }', "binary operations must operate on the same type: kind = client", "without quotes"),
        ("{ trace.duration > 1s }", "unknown identifier: trace", "`trace:duration`"),
        ('count({ name = "a" }) > 2', "syntax error: unexpected {, expecting )", "`{ … } | count() > 1`"),
        ('{ name = "a" } > 2', "syntax error: unexpected INTEGER, expecting { or (", "`{ … } | count() > 1`"),
    ],
)
def test_a_usual_slip_in_a_search_for_traces_is_explained(query, said, advice):
    refusal = refused(f"invalid TraceQL query: parse error at line 1, col 3: {said}")

    assert advice in says(TRACE_TASK, query_data(refusal, traces("a")), query)


def test_a_time_without_a_unit_is_named_where_traces_are_too_many():
    data = query_data(traces("a", "b"), traces("a"))

    assert says(TRACE_TASK, data, "{ duration > 3 }").startswith("`3` of what?")
    assert "of what" not in says(TRACE_TASK, data, "{ duration > 3.5s }")


def test_a_field_of_the_line_that_was_not_read_is_named():
    data = query_data(numbers(series(RISING)), numbers(series(RISING, url_path="/")))

    assert says(LOG_TASK, data, 'sum by (url_path) (rate({service="a"}[1m]))') == (
        "`url_path` stands in the lines, as text. `| json` makes labels of what stands there."
    )
    assert says(LOG_TASK, data, 'sum(rate({service="a"} | json [1m]))').startswith("Too much has been added up")


def test_of_two_mistakes_that_find_the_same_the_one_with_these_words_is_meant():
    task = query_task(mistakes=(Mistake("count(up)", "Zeros count."), Mistake("sum(up)", "These are all.")))
    data = query_data(numbers(series(3)), numbers(series(2)), numbers(series(3)), numbers(series(3)))

    assert says(task, data, "sum( up )") == "These are all."
    assert says(task, data, "max(up)") == "Zeros count."


def test_the_other_language_is_recognised():
    said = "1:1: parse error: unexpected character: '|'"

    assert "looks like LogQL" in says(
        query_task(), query_data(refused(said), numbers(series(RISING))), '{a="b"} |= "c"'
    )


def line(nanoseconds, message="Cache miss", service="backend"):
    return LogLine({"service": service, "level": "info"}, nanoseconds, message, {"message": message})


def lines(*all_lines):
    return Evaluated((Lines(all_lines),))


LOG_TASK = query_task(kind="logql", language="logql")


def test_lines_are_the_same_however_they_are_written_out():
    mine = lines(LogLine({"service": "backend", "extra": "x"}, 1, "other text", {}), line(2))

    assert check(LOG_TASK, "q", query_data(mine, lines(line(1), line(2)))).passed


def test_lines_that_do_not_belong_and_lines_that_are_missing_are_shown():
    too_many = query_data(lines(line(1), line(2, "Cache hit")), lines(line(1)))
    other = query_data(lines(line(2, "Cache hit")), lines(line(1)))

    assert says(LOG_TASK, too_many) == (
        "All the lines asked for are there, and one that does not belong, such as: `backend, info: Cache hit`"
    )
    assert says(LOG_TASK, other) == (
        "Of your lines, one does not belong, such as: `backend, info: Cache hit` "
        "Of 1 that are asked for, 1 is missing, such as: `backend, info: Cache miss`"
    )


def test_lines_in_place_of_numbers_are_told_apart():
    assert "gives log lines" in says(LOG_TASK, query_data(lines(line(1)), numbers(series(RISING))))
    assert "gives numbers over time" in says(LOG_TASK, query_data(numbers(series(RISING)), lines(line(1))))


def traces(*ids):
    return Evaluated((Traces(tuple(FoundTrace(id, "frontend_get_user", 12.0) for id in ids)),))


TRACE_TASK = query_task(kind="traceql", language="traceql")


def test_traces_are_compared_by_their_ids():
    assert check(TRACE_TASK, "q", query_data(traces("a", "b"), traces("b", "a"))).passed
    assert says(TRACE_TASK, query_data(traces("a", "b"), traces("a", "c"))) == (
        "Of your traces, one does not belong, such as `b` (frontend_get_user, 12 ms). "
        "Of 2 that are asked for, 1 is missing, such as `c` (frontend_get_user, 12 ms)."
    )
