"""What the inbox takes for a message of Alertmanager, and what it says of everything else."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from alert_inbox.message import NotAMessage, parse_message
from tests.unit.alert_inbox.messages import alert, message


@pytest.mark.parametrize("status", ["firing", "resolved"])
def test_a_message_is_kept_as_it_came(status: str) -> None:
    sent = message(status=status, something_new={"of": "a later version"})
    assert parse_message(orjson.dumps(sent)) == sent


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "the body is not JSON"),
        (b"alert=1", "the body is not JSON"),
        (b'{"version": "4"', "the body is not JSON"),
        (b"\xff\xfe", "the body is not JSON"),
        (b"[]", "the body is not a JSON object"),
        (b"4", "the body is not a JSON object"),
        (b"{}", 'version is null, expected "4"'),
        (b'{"version": "3"}', 'version is "3", expected "4"'),
        (b'{"version": 4}', 'version is 4, expected "4"'),
        (b'{"version":"4","a":' + b"[" * 600 + b"]" * 600 + b"}", "the body is nested too deeply"),
        (orjson.dumps({"version": "x" * 1000}), 'version is "' + "x" * 39 + "…"),
    ],
)
def test_what_is_no_message_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(NotAMessage) as refused:
        parse_message(body)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": "pending"}, 'status is "pending", expected firing or resolved'),
        ({"status": ["firing"]}, 'status is ["firing"], expected firing or resolved'),
        ({"groupLabels": None}, "groupLabels is not an object of texts"),
        ({"commonLabels": {"severity": 1}}, "commonLabels is not an object of texts"),
        ({"alerts": None}, "alerts is not a list with at least one alert"),
        ({"alerts": []}, "alerts is not a list with at least one alert"),
        ({"alerts": {"0": {}}}, "alerts is not a list with at least one alert"),
        ({"alerts": [alert(), "gone"]}, "alerts[1] is not a JSON object"),
        ({"alerts": [alert(status="")]}, 'alerts[0].status is "", expected firing or resolved'),
        ({"alerts": [alert(labels=[])]}, "alerts[0].labels is not an object of texts"),
        ({"alerts": [alert(annotations={"summary": None})]}, "alerts[0].annotations is not an object of texts"),
        ({"alerts": [alert(startsAt=1)]}, "alerts[0].startsAt is not a time as text, such as 2026-01-31T12:00:00Z"),
        ({"alerts": [alert(endsAt=None)]}, "alerts[0].endsAt is not a time as text, such as 2026-01-31T12:00:00Z"),
    ],
)
def test_a_message_with_one_thing_wrong_is_refused_with_its_place(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(NotAMessage) as refused:
        parse_message(orjson.dumps(message(**changed)))
    assert str(refused.value) == said
