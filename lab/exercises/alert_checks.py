"""Whether an alerting rule fires when something is wrong and is quiet when nothing is; and if not, why."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lab.exercises import refusals
from lab.exercises.alert_history import AlertHistory, evaluations, histories, stretches
from lab.exercises.comparing import compare
from lab.exercises.conditions import Condition, conditions
from lab.exercises.exercise import AlertWish, Task
from lab.exercises.results import AlertData, Data, Numbers, Refused, Result, Stretch, Watched, is_empty
from lab.exercises.rules import AlertingRule, RuleRefused, duration_text, read_alerting_rule
from lab.exercises.verdict import WAIT, Verdict, not_yet, right, wrong

#: Once it has fired, an alert fires in this share of the time in which nothing has become better.
_STEADY = 0.5

#: What has not shown by then will not any more.
_PATIENCE_SECONDS = 150.0
_ANEW = (
    "What is wrong in your lab cannot be told clearly from what was before: too little traffic, or a machine that had "
    "other things to do. `python3 lab fault clear`, three minutes in which nothing happens, and start the exercise "
    "again."
)

_TEMPLATE = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)
_LABEL_IN_TEMPLATE = re.compile(r"(?:\$labels|\.Labels)\.(\w+)")
_VARIABLE = re.compile(r"\$(\w+)")
_VARIABLES = ("labels", "value", "externalLabels", "externalURL")
_LABEL_TO_FILL_IN = re.compile(r"\{\{-?\s*\$labels\.(\w+)\s*-?\}\}")


@dataclass(frozen=True)
class _Alert:
    """One series as an alert: in the time in which all was well, and in that in which something is not."""

    #: As it would arrive: those of the series and those of the rule.
    labels: Mapping[str, str]
    well: AlertHistory | None
    ill: AlertHistory | None


def check_alert_rule(task: Task, answer: str, data: Data) -> Verdict:
    try:
        rule = read_alerting_rule(answer)
    except RuleRefused as refused:
        return wrong(*refused.says)
    watched = data.alert
    if watched is None:
        return not_yet(WAIT)
    for result in (watched.answer.well, watched.answer.ill):
        if isinstance(result, Refused):
            return wrong(*refusals.explain("promql", rule.expr, result.said))
    expected = read_alerting_rule(task.reference)
    if _what_it_does(expected, _alerts(expected, watched.reference, watched), watched, task.alert, ()):
        return not_yet(WAIT if watched.ill.end - watched.ill.start < _PATIENCE_SECONDS else _ANEW)
    alerts = _alerts(rule, watched.answer, watched)
    says = _what_it_does(rule, alerts, watched, task.alert, data.reasons_for_nothing)
    if says:
        return wrong(*_known_mistake(task, rule, watched), *says)
    if said := [*_about_labels(rule, alerts, task.alert), *_about_form(rule, alerts, task.alert)]:
        return wrong(*_known_mistake(task, rule), "It fires when it should, and only then. But:", *said)
    if said := _known_mistake(task, rule):
        return wrong(*said)
    return right(_praise(rule, alerts, watched))


def _alerts(rule: AlertingRule, results: Watched, watched: AlertData) -> list[_Alert]:
    def of(result: Result, time: Stretch) -> dict[frozenset[tuple[str, str]], AlertHistory]:
        series = result.series if isinstance(result, Numbers) else ()
        moments = evaluations(time, watched.step_seconds)
        found = histories(series, moments, rule.hold_seconds, rule.keep_seconds)
        return {frozenset(one.labels.items()): one for one in found}

    well, ill = of(results.well, watched.well), of(results.ill, watched.ill)
    return [
        _Alert(_with_own_labels(dict(labels), rule), well.get(labels), ill.get(labels))
        for labels in sorted({*well, *ill}, key=sorted)
    ]


def _with_own_labels(labels: Mapping[str, str], rule: AlertingRule) -> dict[str, str]:
    """A label of the rule stands in place of the series' own; one that comes to nothing is none."""
    own = {
        name: _LABEL_TO_FILL_IN.sub(lambda found: labels.get(found[1], ""), text) for name, text in rule.labels.items()
    }
    return {name: value for name, value in {**labels, **own}.items() if value}


# -- what it does


def _what_it_does(
    rule: AlertingRule, alerts: Sequence[_Alert], watched: AlertData, wish: AlertWish, reasons: Iterable[str]
) -> list[str]:
    """What is wrong with when it fires; nothing when nothing is."""
    known = conditions(rule.expr)
    if known.as_bool and not known.any:
        return [
            (
                "`bool` makes 0 and 1 of a comparison, and both are results: an alert for each. Without `bool`, only "
                "what fulfils the comparison is left."
            )
        ]
    too_soon = [alert for alert in alerts if alert.well and alert.well.fires]
    if too_soon and not known.any:
        return [
            (
                f"Your expression has no condition. Whatever it finds becomes an alert, also while all is well: "
                f"{_count(too_soon)} all the time. Compare with something: `… > 0.05`."
            )
        ]
    if same := _same_labels(alerts):
        return [same]
    if too_soon:
        return _fires_too_soon(too_soon, watched)
    fired = [alert for alert in alerts if alert.ill and alert.ill.fires]
    if not fired:
        return _never_fires(rule, alerts, watched, reasons)
    return _fires_badly(rule, fired, watched, wish)


def _same_labels(alerts: Sequence[_Alert]) -> str:
    seen: set[frozenset[tuple[str, str]]] = set()
    for alert in alerts:
        labels = frozenset(alert.labels.items())
        if labels in seen:
            return (
                f"Two series become the same alert, {_shown(alert.labels)}, which Prometheus refuses: `labels` of a "
                "rule stand in place of the labels by which the series were told apart."
            )
        seen.add(labels)
    return ""


def _fires_too_soon(alerts: Sequence[_Alert], watched: AlertData) -> list[str]:
    moment, alert, history = min(
        ((one.well.fires[0].start, one, one.well) for one in alerts if one.well), key=lambda found: found[0]
    )
    value = history.values.get(moment)
    more = f", and {len(alerts) - 1} more" if len(alerts) > 1 else ""
    says = [
        (
            f"It fires although all is well: {watched.well.end - moment:.0f} s before the end of the good time, for "
            f"{_shown(alert.labels)}{f' with the value {_number(value)}' if value is not None else ''}{more}."
        )
    ]
    for condition, side in _left_sides(watched):
        if (extreme := _extreme(side.well, condition)) is not None:
            word = "down to" if condition.wants_less else "up to"
            says.append(
                f"In that time, `{condition.left}` goes {word} {_number(extreme)}, and the condition is "
                f"`{condition.operator} {condition.right}`."
            )
    return says


def _never_fires(rule: AlertingRule, alerts: Sequence[_Alert], watched: AlertData, reasons: Iterable[str]) -> list[str]:
    seconds = watched.ill.end - watched.ill.start
    held = [alert.ill for alert in alerts if alert.ill and alert.ill.holds]
    if held:
        return _holds_too_short(rule, held, watched)
    says = [f"It never fires: in the {seconds:.0f} s since something went wrong, the expression has no result."]
    sides = _left_sides(watched)
    for condition, side in sides:
        extreme = _extreme(side.ill, condition)
        if extreme is None:
            says.append(
                f"`{condition.left}` finds nothing in that time. Nothing is neither more nor less than a number."
            )
            continue
        word = "at least" if condition.wants_less else "at most"
        says.append(
            f"`{condition.left}` was {_number(extreme)} {word}, and the condition is `{condition.operator} "
            f"{condition.right}`."
        )
    if len(sides) > 1 and all(_fulfilled(condition, side.ill) for condition, side in sides):
        says.append(
            "Each holds by itself, and never both for the same labels: `and` puts together what has the same labels. "
            "`and on (…)` says which labels count."
        )
    return [*says, *reasons]


def _holds_too_short(rule: AlertingRule, held: Sequence[AlertHistory], watched: AlertData) -> list[str]:
    longest = max(held, key=lambda history: history.longest_hold_seconds)
    wanted = duration_text(rule.hold_seconds)
    if longest.holds[-1].end >= watched.ill.end - watched.step_seconds and len(longest.holds) == 1:
        since = longest.holds[-1].end - longest.holds[-1].start
        return [
            (
                f"It has not fired yet: its condition holds for {since:.0f} s, and `for: {wanted}` waits longer than "
                "that. Who should know of it soon needs a shorter `for`."
            )
        ]
    return [
        (
            f"It never fires: its condition comes and goes, {len(longest.holds)} times, and holds for "
            f"{longest.longest_hold_seconds:.0f} s at most. Each time `for: {wanted}` begins anew. A longer time in "
            "`[…]` makes the values calmer."
        )
    ]


def _fires_badly(rule: AlertingRule, fired: Sequence[_Alert], watched: AlertData, wish: AlertWish) -> list[str]:
    moments = evaluations(watched.ill, watched.step_seconds)
    firing = [
        moment
        for moment in moments
        if any(stretch.start <= moment <= stretch.end for one in fired if one.ill for stretch in one.ill.fires)
    ]
    after = firing[0] - watched.ill.start
    if after > wish.within_seconds:
        because = f", of which `for` takes {duration_text(rule.hold_seconds)}" if rule.hold_seconds else ""
        return [
            (
                f"It fires {after:.0f} s after something went wrong{because}. The task asks for "
                f"{wish.within_seconds:.0f} s at most: a lower threshold, a shorter time in `[…]` or a shorter `for`."
            )
        ]
    since = [moment for moment in moments if moment >= firing[0]]
    share = len(firing) / len(since)
    times = len(stretches(firing, moments))
    if share < _STEADY and times > 1:
        return [
            (
                f"It flaps: within {since[-1] - since[0]:.0f} s it fires {times} times and is over again each time, "
                "although nothing has become better. Somebody is told each time. A longer time in `[…]` makes it calm, "
                "or `keep_firing_for`."
            )
        ]
    if share < _STEADY:
        return [
            (
                f"It fires {after:.0f} s after something went wrong and is over {firing[-1] - firing[0]:.0f} s later, "
                "although nothing has become better. An alert stays as long as what it is about."
            )
        ]
    return []


# -- how it looks


def _about_labels(rule: AlertingRule, alerts: Sequence[_Alert], wish: AlertWish) -> list[str]:
    fired = [alert.labels for alert in alerts if alert.ill and alert.ill.fires]
    if any(wish.labels.items() <= labels.items() for labels in fired):
        return []
    says = []
    for name, value in wish.labels.items():
        given = sorted({labels[name] for labels in fired if name in labels})
        if not given and name == "severity":
            says.append("Its alerts have no `severity`. It stands below `labels`, and decides who is told.")
        elif not given:
            says.append(
                f"Its alerts have no label `{name}`, so nobody knows which one is meant. Keep it in the expression, as "
                f"in `sum by ({name}) (…)`, or write it below `labels`."
            )
        elif value not in given:
            listed = ", ".join(f"`{one}`" for one in given)
            says.append(f"Its alerts have the `{name}` {listed}. `{value}` is asked for.")
    return says or [f"No alert has all of {_shown(wish.labels)} at the same time."]


def _about_form(rule: AlertingRule, alerts: Sequence[_Alert], wish: AlertWish) -> list[str]:
    says = []
    if rule.hold_seconds < wish.for_at_least_seconds:
        now = (
            f"`for: {duration_text(rule.hold_seconds)}`."
            if rule.hold_seconds
            else "no `for`: it fires at the first evaluation that finds something."
        )
        asked_for = duration_text(wish.for_at_least_seconds)
        says.append(f"It has {now} The task asks for `for: {asked_for}` at least, so that a hiccup wakes nobody.")
    says += _about_windows(rule, wish)
    for name in wish.annotations:
        if not rule.annotations.get(name, "").strip():
            says.append(f"The annotation `{name}` is missing.")
    fired = [alert.ill.labels for alert in alerts if alert.ill and alert.ill.fires]
    for name, text in [*rule.labels.items(), *rule.annotations.items()]:
        says += _about_template(rule, name, text, fired)
    return says


def _about_windows(rule: AlertingRule, wish: AlertWish) -> list[str]:
    known = conditions(rule.expr)

    def written(windows: Iterable[float]) -> str:
        return " and ".join(f"`[{duration_text(seconds)}]`" for seconds in sorted(windows))

    wanted = set(wish.windows_seconds)
    if missing := wanted - known.windows_seconds:
        return [f"It does not look at {written(missing)}; the task asks for {written(wanted)}, each with a comparison."]
    if loose := wanted - known.needed_windows_seconds:
        return [
            (
                f"What it finds over {written(loose)} does not decide: it fires without that, too. Each of the times "
                "in `[…]` needs a comparison of its own, and both have to hold: `and`, not `or`."
            )
        ]
    return []


def _about_template(rule: AlertingRule, name: str, text: str, fired: Sequence[Mapping[str, str]]) -> list[str]:
    if text.count("{{") != text.count("}}"):
        return [f"In `{name}` a template is open: each `{{{{` needs its `}}}}`."]
    for template in _TEMPLATE.findall(text):
        code = re.sub(r'"(?:[^"\\]|\\.)*"|`[^`]*`', "", template)
        if re.match(r"\s*(labels|value)\b", code):
            return [f"In `{name}`, `{template.strip()}` lacks its `$`: `$labels.service`, `$value`."]
        assigned = re.findall(r"\$(\w+)\s*(?:,\s*\$(\w+)\s*)?:=", text)
        known = {*_VARIABLES, *(one for pair in assigned for one in pair)}
        for variable in _VARIABLE.findall(code):
            if variable not in known:
                return [f"In `{name}`, a template knows no `${variable}`; it knows `$labels` and `$value`."]
        for label in _LABEL_IN_TEMPLATE.findall(code):
            if any(label in labels for labels in fired):
                continue
            if label in rule.labels:
                return [
                    (
                        f"In `{name}`, `$labels.{label}` comes to nothing: a template sees the labels of the "
                        "expression's result, not the rule's own."
                    )
                ]
            there = ", ".join(f"`{one}`" for one in sorted({one for labels in fired for one in labels})) or "none"
            return [
                f"In `{name}`, `$labels.{label}` comes to nothing: the labels of the expression's result are {there}."
            ]
    return []


# -- what is common


def _known_mistake(task: Task, rule: AlertingRule, watched: AlertData | None = None) -> list[str]:
    """What is said to a rule that is a mistake of the task: by its expression and `for`, and if it is `watched` by what
    the expression finds. (One that does as it should may find the same as one that does so by chance.)"""
    for number, mistake in enumerate(task.mistakes):
        other = read_alerting_rule(mistake.answer)
        same = _same_text(other.expr, rule.expr) and other.hold_seconds == rule.hold_seconds
        if same or (watched and _same_results(watched.answer, watched.mistakes[number])):
            return [mistake.says]
    return []


def _same_text(one: str, other: str) -> bool:
    return "".join(one.split()) == "".join(other.split())


def _same_results(one: Watched, other: Watched) -> bool:
    if is_empty(one.well) and is_empty(one.ill):
        return False
    return all(
        isinstance(mine, Numbers) and isinstance(theirs, Numbers) and compare(mine.series, theirs.series, 0.001).same
        for mine, theirs in ((one.well, other.well), (one.ill, other.ill))
    )


def _praise(rule: AlertingRule, alerts: Sequence[_Alert], watched: AlertData) -> str:
    after, alert = min(
        ((one.ill.fires[0].start - watched.ill.start, one) for one in alerts if one.ill and one.ill.fires),
        key=lambda found: found[0],
    )
    return (
        f"Right. It was quiet in the {watched.well.end - watched.well.start:.0f} s in which all was well, and fires "
        f"{after:.0f} s after something went wrong: {_shown(alert.labels)}."
    )


def _left_sides(watched: AlertData) -> list[tuple[Condition, Watched]]:
    return [(one, side) for one, side in watched.left_sides if one.threshold is not None]


def _extreme(result: Result, condition: Condition) -> float | None:
    """How near the left side came to fulfilling the condition."""
    series = result.series if isinstance(result, Numbers) else ()
    values = [value for one in series for _, value in one.points if not math.isnan(value)]
    if not values:
        return None
    return min(values) if condition.wants_less else max(values)


def _fulfilled(condition: Condition, result: Result) -> bool:
    extreme, threshold = _extreme(result, condition), condition.threshold
    if extreme is None or threshold is None:
        return False
    match condition.operator:
        case ">":
            return extreme > threshold
        case ">=":
            return extreme >= threshold
        case "<":
            return extreme < threshold
        case "<=":
            return extreme <= threshold
    return True


def _count(alerts: Sequence[_Alert]) -> str:
    return "one alert" if len(alerts) == 1 else f"{len(alerts)} alerts"


def _number(value: float) -> str:
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.3g}"


def _shown(labels: Mapping[str, str]) -> str:
    if not labels:
        return "a series without labels"
    return "`{" + ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}`"
