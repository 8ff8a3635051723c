"""`lab annotate`: an event is in Loki where dashboards look for it, and a wrong one is refused with what to do."""

import json
import uuid

import pytest


@pytest.mark.parametrize("kind", ["deploy", "fault", "note"])
def test_an_event_is_found_by_its_kind(lab, kind):
    text = f"{kind} of [prices] für {uuid.uuid4()}"

    result = lab.run("annotate", text, "--kind", kind, "--service", "backend")
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith(f"{kind}  backend  {text}\n")

    # As Grafana's annotations ask for it, on every stack.
    (line,) = lab.telemetry.logs(f'{{service="lab"}} | json | kind="{kind}" | message="{text}"')
    assert line.labels["target_service"] == "backend"
    assert (line.labels["service"], line.labels["level"]) == ("lab", "info")


def test_an_event_can_be_had_as_json(lab):
    event = json.loads(lab.run("annotate", "only a note", "--json").stdout)

    assert (event["kind"], event["message"], event["service"]) == ("note", "only a note", "lab")
    assert "target_service" not in event


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x", "--service", "cache"], "there is no service 'cache' in the running lab; there are: "),
        (["x", "--kind", "party"], "'party' is not one of 'deploy', 'fault', 'note'"),
        (["  "], "say what happened"),
        (["x" * 1001], "at most 1000 characters"),
    ],
)
def test_a_wrong_event_is_refused_with_what_would_be_right(lab, arguments, words):
    result = lab.run("annotate", *arguments)

    assert result.returncode == 2
    assert words in result.stderr
