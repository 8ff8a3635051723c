"""An alerting rule over a minute and a half in which all is well, and a minute and a half in which something is not."""

import pytest

from lab.exercises.alert_history import evaluations
from lab.exercises.checking import check
from lab.exercises.conditions import conditions
from lab.exercises.exercise import AlertWish, Mistake, Task
from lab.exercises.results import AlertData, Data, Numbers, Refused, Stretch, Watched
from lab.exercises.rules import RuleRefused, read_alerting_rule
from lab.telemetry_client import Series

WELL, ILL = Stretch(1000, 1090), Stretch(2000, 2090)
BACKEND = {"service": "backend"}

#: The share of failed requests of the backend: nearly none, and from 10 s after it began on a fifth.
SHARE_WELL = [0.01, 0.02] * 9 + [0.01]
SHARE_ILL = [0.01, 0.02] + [0.2] * 17


def series(values, time, labels=BACKEND):
    moments = evaluations(time, 5)
    return Series(
        labels, tuple((moment, value) for moment, value in zip(moments, values, strict=True) if value is not None)
    )


def above(values, threshold):
    return [value if value > threshold else None for value in values]


def watched(well, ill, labels=BACKEND):
    def result(values, time):
        one = series(values, time, labels)
        return Numbers((one,) if one.points else ())

    return Watched(result(well, WELL), result(ill, ILL))


def share(threshold, labels=BACKEND):
    return watched(above(SHARE_WELL, threshold), above(SHARE_ILL, threshold), labels)


def rule(
    expr="share > 0.05",
    more="for: 15s\nlabels:\n  severity: page\nannotations:\n  summary: '{{ $labels.service }} fails'",
):
    return f"alert: BackendFails\nexpr: {expr}\n{more}\n"


WISH = AlertWish(within_seconds=60, labels={"severity": "page", "service": "backend"}, annotations=("summary",))


def task(**changes):
    fields = {"id": "alert", "kind": "alert_rule", "asks": "?", "points": 10, "solution": "s", "reference": rule()}
    return Task(**{**fields, "alert": WISH, **changes})


def verdict(answer, found, mistakes=(), side=None, reasons=(), of=None):
    the_task = of or task(mistakes=tuple(mistake for mistake, _ in mistakes))
    try:
        deciding = conditions(read_alerting_rule(answer).expr).deciding
    except RuleRefused:
        deciding = ()
    data = AlertData(
        WELL,
        ILL,
        5.0,
        found,
        share(0.05),
        tuple(results for _, results in mistakes),
        tuple((one, side) for one in deciding) if side else (),
    )
    return check(the_task, answer, Data(alert=data, reasons_for_nothing=tuple(reasons)))


def said(*args, **kwargs):
    answered = verdict(*args, **kwargs)
    assert not answered.passed
    assert answered.judged
    return " ".join(answered.says)


def test_what_fires_when_it_should_and_only_then_is_right():
    answered = verdict(rule(), share(0.05))

    assert answered.passed
    assert answered.points == 10
    # 10 s until the share rises, and 15 s of `for`.
    assert "quiet in the 90 s" in answered.says[0]
    assert "fires 25 s after something went wrong" in answered.says[0]
    assert '{service="backend", severity="page"}' in answered.says[0].replace("alertname", "")


def test_another_threshold_and_another_form_are_right_as_well():
    assert verdict(rule("share > 0.1"), share(0.1)).passed
    assert verdict(
        "groups: [{name: x, rules: [{alert: A, expr: share > 0.1, for: 5s, "
        "labels: {severity: page}, annotations: {summary: x}}]}]",
        share(0.1),
    ).passed


def test_nothing_is_judged_before_it_is_known_since_when_something_is_wrong():
    answered = check(task(), rule(), Data())

    assert not answered.judged


def test_nothing_is_judged_while_the_reference_does_not_fire():
    quiet = watched(above(SHARE_WELL, 0.05), above(SHARE_WELL, 0.05))
    early = AlertData(WELL, ILL, 5.0, quiet, quiet)
    late = AlertData(WELL, Stretch(2000, 2300), 5.0, quiet, quiet)

    verdicts = [check(task(), rule(), Data(alert=data)) for data in (early, late)]
    assert [verdict.judged for verdict in verdicts] == [False, False]
    assert "Give the lab a minute" in verdicts[0].says[0]
    assert "start the exercise again" in verdicts[1].says[0]


def test_what_is_no_rule_is_told_so_first():
    assert "This is no rule yet" in said("up == 0", share(0.05))


def test_an_expression_that_is_refused_is_explained():
    refused = Watched(Refused('invalid parameter "query": 1:8: parse error: unexpected end of input'), Numbers(()))

    assert "This is no PromQL yet" in said(rule("share >"), refused)


def test_what_never_fires_hears_how_near_it_came():
    hears = said(rule("share > 0.5"), share(0.5), side=watched(SHARE_WELL, SHARE_ILL))

    assert "It never fires: in the 90 s since something went wrong, the expression has no result." in hears
    assert "`share` was 0.2 at most, and the condition is `> 0.5`" in hears


def test_what_wants_less_hears_how_little_it_was():
    hears = said(rule("share < 0.001"), share(0.5), side=watched(SHARE_WELL, SHARE_ILL))

    assert "`share` was 0.01 at least, and the condition is `< 0.001`" in hears


def test_what_finds_nothing_hears_why():
    nothing = Watched(Numbers(()), Numbers(()))

    hears = said(rule("shair > 0.5"), nothing, side=nothing, reasons=["There is no metric `shair`."])

    assert "`shair` finds nothing in that time" in hears
    assert "There is no metric `shair`." in hears


def test_two_conditions_that_never_meet_are_told_so():
    nothing = Watched(Numbers(()), Numbers(()))

    hears = said(rule("share > 0.05 and other > 0.05"), nothing, side=watched(SHARE_WELL, SHARE_ILL))

    assert "Each holds by itself" in hears


def test_what_fires_while_all_is_well_hears_when_and_with_what_value():
    hears = said(rule("share > 0.001"), share(0.001), side=watched(SHARE_WELL, SHARE_ILL))

    assert "It fires although all is well: 75 s before the end of the good time" in hears
    assert "with the value 0.02" in hears
    assert "`share` goes up to 0.02, and the condition is `> 0.001`" in hears


def test_a_hiccup_shorter_than_for_is_quiet():
    hiccup = [0.2 if number in (4, 5, 6) else 0.01 for number in range(19)]
    found = watched(above(hiccup, 0.05), above(SHARE_ILL, 0.05))

    assert verdict(rule(), found).passed
    assert "although all is well" in said(rule(more="labels: {severity: page}\nannotations: {summary: x}"), found)


def test_without_a_condition_everything_fires():
    assert "Your expression has no condition" in said(rule("share"), share(-1))


def test_with_bool_everything_fires():
    found = watched([0.0] * 19, [0.0, 0.0] + [1.0] * 17)

    assert "`bool` makes 0 and 1" in said(rule("share > bool 0.05"), found)


def test_a_for_that_is_too_long_is_told_so():
    hears = said(rule(more="for: 5m"), share(0.05))

    assert "It has not fired yet: its condition holds for 80 s, and `for: 5m` waits longer" in hears


def test_what_fires_too_late_hears_how_much_of_it_is_for():
    hears = said(rule(more="for: 1m"), share(0.05))

    assert "It fires 70 s after something went wrong, of which `for` takes 1m. The task asks for 60 s at most" in hears


def test_a_condition_that_comes_and_goes_never_gets_past_for():
    found = watched(above(SHARE_WELL, 0.05), [0.2, 0.2, None] * 6 + [None])

    hears = said(rule(), found)

    assert "comes and goes, 6 times, and holds for 5 s at most" in hears
    assert "`for: 15s` begins anew" in hears


def test_an_alert_that_flaps_is_told_so():
    found = watched(above(SHARE_WELL, 0.05), [0.2, None, None] * 6 + [None])

    hears = said(rule(more="labels: {severity: page}"), found)

    assert "It flaps: within 90 s it fires 6 times" in hears


def test_keeping_it_firing_ends_the_flapping():
    found = watched(above(SHARE_WELL, 0.05), [0.2, None, None] * 6 + [None])

    assert verdict(rule(more="keep_firing_for: 20s\nlabels: {severity: page}\nannotations: {summary: x}"), found).passed


def test_an_alert_that_ends_too_soon_is_told_so():
    found = watched(above(SHARE_WELL, 0.05), [0.2] * 5 + [None] * 14)

    assert "is over 20 s later, although nothing has become better" in said(
        rule(more="labels: {severity: page}"), found
    )


@pytest.mark.parametrize(
    ("more", "hears"),
    [
        ("annotations: {summary: x}", "Its alerts have no `severity`"),
        ("labels: {severity: ticket}\nannotations: {summary: x}", "have the `severity` `ticket`. `page` is asked for."),
        ("labels: {severity: page}", "The annotation `summary` is missing"),
        ("labels: {severity: page}\nannotations: {summary: ''}", "The annotation `summary` is missing"),
        ("labels: {severity: page}\nannotations: {summary: '{{ $labels.service'}", "a template is open"),
        ("labels: {severity: page}\nannotations: {summary: '{{ $labels.tier }}'}", "expression's result are `service`"),
        ("labels: {severity: page}\nannotations: {summary: '{{ $labels.severity }}'}", "not the rule's own"),
        ("labels: {severity: page}\nannotations: {summary: '{{ $label.service }}'}", "a template knows no `$label`"),
        ("labels: {severity: page}\nannotations: {summary: '{{ labels.service }}'}", "lacks its `$`"),
        ("labels: {severity: page, service: ''}\nannotations: {summary: x}", "Its alerts have no label `service`"),
        ("labels: {severity: page, service: all}\nannotations: {summary: x}", "Its alerts have the `service` `all`"),
    ],
)  # fmt: skip
def test_what_is_missing_on_an_alert_that_fires_well_is_told(more, hears):
    answered = said(rule(more=more), share(0.05))

    assert "It fires when it should, and only then. But:" in answered
    assert hears in answered


@pytest.mark.parametrize(
    "summary",
    [
        "{{ $labels.service }}: {{ $value | humanizePercentage }}",
        "{{ with $x := $labels.service }}{{ $x }}{{ end }}",
        '{{ printf "%.2f of $money" $value }}',
        "{{ range $i, $e := query `up` }}{{ $e.Value }}{{ end }}",
        "no template at all",
    ],
)
def test_templates_that_prometheus_takes_are_taken(summary):
    more = f"labels: {{severity: page}}\nannotations:\n  summary: >-\n    {summary}"

    assert verdict(rule(more=more), share(0.05)).passed


def test_a_label_that_was_added_up_can_be_given_by_the_rule():
    plain = share(0.05, labels={})

    assert "no label `service`, so nobody knows" in said(rule(more="labels: {severity: page}"), plain)
    assert verdict(rule(more="labels: {severity: page, service: backend}\nannotations: {summary: x}"), plain).passed


def test_a_label_of_the_rule_can_be_made_of_one_of_the_series():
    found = share(0.05, labels={"server": "backend"})

    assert verdict(
        rule(more="labels: {severity: page, service: '{{ $labels.server }}'}\nannotations: {summary: x}"), found
    ).passed


def test_series_that_become_the_same_alert_are_refused():
    both = [
        Numbers(tuple(series(above(values, 0.05), time, {"service": name}) for name in ("frontend", "backend")))
        for values, time in ((SHARE_WELL, WELL), (SHARE_ILL, ILL))
    ]

    hears = said(rule(more="labels: {severity: page, service: backend}"), Watched(*both))

    assert "Two series become the same alert" in hears


def test_of_several_alerts_one_has_to_be_the_one_that_is_asked_for():
    names = [{"service": "frontend"}, {"service": "backend"}]
    both = [
        Numbers(tuple(series(above(values, 0.05), time, name) for name in names))
        for values, time in ((SHARE_WELL, WELL), (SHARE_ILL, ILL))
    ]

    assert verdict(rule(), Watched(*both)).passed
    assert "Its alerts have the `service` `frontend`. `backend` is asked for." in said(rule(), share(0.05, names[0]))


def test_without_the_for_that_is_asked_for_it_is_not_right():
    wanted = task(alert=AlertWish(60, {}, (), for_at_least_seconds=15))

    assert verdict(rule(), share(0.05), of=wanted).passed
    assert "It has no `for`" in said(rule(more=""), share(0.05), of=wanted)
    assert "It has `for: 5s`" in said(rule(more="for: 5s"), share(0.05), of=wanted)


@pytest.mark.parametrize(
    ("expr", "hears"),
    [
        ("rate(x[2m]) > 1", "It does not look at `[30s]`; the task asks for `[30s]` and `[2m]`"),
        ("up > 1", "It does not look at `[30s]` and `[2m]`"),
        ("rate(x[2m]) > 1 or rate(x[30s]) > 1", "over `[30s]` and `[2m]` does not decide"),
        ("rate(x[2m]) and rate(x[30s]) > 1", "What it finds over `[2m]` does not decide"),
        ("rate(x[2m]) > 1 unless rate(x[30s]) > 1", "What it finds over `[30s]` does not decide"),
    ],
)
def test_of_the_windows_that_are_asked_for_each_has_to_decide(expr, hears):
    assert hears in said(rule(expr), share(0.05), of=task(alert=AlertWish(60, {}, (), windows_seconds=(120, 30))))


@pytest.mark.parametrize(
    "expr",
    [
        "rate(x[2m]) > 1 and rate(x[30s]) > 1",
        "min(rate(x[120s]) or rate(y[30s])) > 1",
        "(1 < rate(x[2m])) * (1 < rate(x[30s]))",
    ],
)
def test_windows_that_decide_in_whatever_form_are_right(expr):
    assert verdict(rule(expr), share(0.05), of=task(alert=AlertWish(60, {}, (), windows_seconds=(120, 30)))).passed


def test_a_known_mistake_is_told_what_it_is_besides_what_it_does():
    mistake = Mistake(rule("errors > 1"), "That is how many, not which share.")
    found = watched([2.0] * 19, [50.0] * 19)

    by_result = verdict(rule("errors   > 1.5"), found, mistakes=[(mistake, found)])
    by_text = verdict(rule("errors > 1"), share(0.05), mistakes=[(mistake, found)])

    assert by_result.says[0] == "That is how many, not which share."
    assert "although all is well" in by_result.says[1]
    assert by_text.says == ("That is how many, not which share.",)


def test_what_does_as_it_should_is_no_mistake_for_finding_the_same():
    mistake = Mistake(rule("share > 0"), "A single failure is no reason.")

    assert verdict(rule(), share(0.05), mistakes=[(mistake, share(0.05))]).passed
