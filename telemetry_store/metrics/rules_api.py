"""The endpoints about rules and alerts: `rules`, `alerts`, `alertmanagers`. Source: Prometheus HTTP API v1."""

from __future__ import annotations

from decimal import Decimal

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from ..http_api import Parameters, QueryThreads, read_parameters
from ..refusals import BadRequest
from ..times import NANOSECONDS, format_rfc3339
from ..vectors import format_value
from .parameters import success
from .rules.alerting import Alert, AlertingRule
from .rules.alertmanagers import Notifier
from .rules.groups import Group, Rule
from .rules.manager import RuleManager

#: What Go writes for an instant that has not come.
_NEVER = "0001-01-01T00:00:00Z"


class RulesApi:
    """What the rules are, how they do, and which alerts they raise."""

    def __init__(self, rules: RuleManager, notifier: Notifier, threads: QueryThreads) -> None:
        self._rules = rules
        self._notifier = notifier
        self._threads = threads

    def routes(self) -> list[BaseRoute]:
        """The endpoints."""
        return [
            Route("/api/v1/rules", self.rules),
            Route("/api/v1/alerts", self.alerts),
            Route("/api/v1/alertmanagers", self.alertmanagers),
            Route("/-/reload", self.reload, methods=["GET", "POST", "PUT"]),
        ]

    async def rules(self, request: Request) -> Response:
        """The rules by group. `type` and, as in newer versions, names of rules, groups and files choose among them."""
        parameters = await read_parameters(request)
        kind = parameters.get("type").lower()
        if kind not in ("", "alert", "record"):
            raise BadRequest(f'invalid parameter "type": not supported value "{kind}"')
        named = set(parameters.all("rule_name[]"))
        chosen: list[dict[str, object]] = []
        for group in self._rules.groups:
            if not _passes(group, parameters):
                continue
            rules = [
                _rule(rule, parameters.get("exclude_alerts").lower() != "true")
                for rule in group.rules
                if kind in ("", "alert" if isinstance(rule, AlertingRule) else "record")
                and (not named or rule.spec.name in named)
            ]
            if rules or not named:
                chosen.append(_group(group, rules))
        return success({"groups": chosen})

    async def alerts(self, request: Request) -> Response:
        """The alerts that are pending or firing."""
        alerts = [
            _alert(alert)
            for group in self._rules.groups
            for rule in group.rules
            if isinstance(rule, AlertingRule)
            for alert in rule.active_alerts()
        ]
        return success({"alerts": alerts})

    async def alertmanagers(self, request: Request) -> Response:
        """Where alerts are sent."""
        active = [{"url": alertmanager.url} for alertmanager in self._notifier.alertmanagers]
        return success({"activeAlertmanagers": active, "droppedAlertmanagers": []})

    async def reload(self, request: Request) -> Response:
        """Reads the rule files again."""
        if request.method not in ("POST", "PUT"):
            return PlainTextResponse("Only POST or PUT requests allowed", 405)
        await self._threads.run(self._rules.reload)
        if self._rules.error:
            return PlainTextResponse(f"failed to reload config: {self._rules.error}\n", 500)
        return Response()


def _passes(group: Group, parameters: Parameters) -> bool:
    names, files = parameters.all("rule_group[]"), parameters.all("file[]")
    return (not names or group.spec.name in names) and (not files or group.spec.file in files)


def _group(group: Group, rules: list[dict[str, object]]) -> dict[str, object]:
    return {
        "name": group.spec.name,
        "file": group.spec.file,
        "rules": rules,
        "interval": _seconds(group.interval),
        "limit": group.spec.limit,
        "evaluationTime": group.last_duration_seconds,
        "lastEvaluation": _instant(group.last_evaluation),
    }


def _rule(rule: Rule, with_alerts: bool) -> dict[str, object]:
    spec, health = rule.spec, rule.health
    common: dict[str, object] = {
        "name": spec.name,
        "query": spec.shown,
        "health": health.status,
        "evaluationTime": health.duration_seconds,
        "lastEvaluation": _instant(health.evaluated_at),
    }
    if health.last_error:
        common["lastError"] = health.last_error
    if not isinstance(rule, AlertingRule):
        return common | {"type": "recording"} | ({"labels": dict(spec.labels)} if spec.labels else {})
    return {
        "state": str(rule.state),
        **common,
        "duration": _seconds(spec.hold * 1_000_000),
        "keepFiringFor": _seconds(spec.keep_firing * 1_000_000),
        "labels": dict(spec.labels),
        "annotations": dict(spec.annotations),
        "alerts": [_alert(alert) for alert in rule.active_alerts()] if with_alerts else [],
        "type": "alerting",
    }


def _alert(alert: Alert) -> dict[str, object]:
    shown: dict[str, object] = {
        "labels": alert.labels,
        "annotations": alert.annotations,
        "state": str(alert.state),
        "activeAt": _instant(alert.active_at),
        "value": format_exponent(alert.value),
    }
    if alert.keep_firing_since:
        shown["keepFiringSince"] = _instant(alert.keep_firing_since)
    return shown


def _seconds(nanoseconds: int) -> int | float:
    return nanoseconds / NANOSECONDS if nanoseconds % NANOSECONDS else nanoseconds // NANOSECONDS


def _instant(nanoseconds: int) -> str:
    return format_rfc3339(nanoseconds) if nanoseconds else _NEVER


def format_exponent(value: float) -> str:
    """The number as Go's strconv prints it with format 'e': one digit before the point, at least two of exponent."""
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 (NaN is not itself)
        return format_value(value)
    sign, digits, shift = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(shift, int)
    exponent = len(digits) - 1 + shift if value else 0
    fraction = "." + "".join(map(str, digits[1:])) if len(digits) > 1 else ""
    return f"{'-' if sign else ''}{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
