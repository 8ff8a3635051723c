"""What the theme promises, computed in the browser: contrasts, and series that everybody can tell apart."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

from grafana.source import colours
from lab.events import _MOST_CHARACTERS, KINDS
from workbench.pages import DIRECTORY

TEXTS = ("text", "text-quiet", "text-faint", "accent", "good", "warning", "bad", "unknown")
GROUNDS = ("background", "surface", "raised", "hover")
SERIES = tuple(f"series-{number}" for number in range(1, 11))

#: WCAG 2.2 AA: text, and what is no text but has to be seen.
LEAST_FOR_TEXT = 4.5
LEAST_FOR_SHAPES = 3.0

#: How eyes without one kind of cone see linear RGB. Source: Machado, Oliveira and Fernandes, 2009, severity 1.
EYES = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
#: Of OKLab's distance; 0.02 is about what can just be seen with both side by side.
LEAST_DISTANCE = 0.06

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


@pytest.fixture(params=["light", "dark"])
def colour(request, module):
    """colour("text") → linear RGB of a token in one theme."""
    module.page.emulate_media(color_scheme=request.param)
    # The page hears of another theme with its next frame.
    module("colours.js", "m => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    names = sorted(set(re.findall(r"--([\w-]+): light-dark", (DIRECTORY / "theme.css").read_text(encoding="utf-8"))))
    texts = module("colours.js", "(m, names) => names.map(m.token)", names)
    found = dict(zip(names, map(linear, texts), strict=True))
    yield found.__getitem__
    module.page.emulate_media(color_scheme="light")


def linear(text: str) -> np.ndarray:
    parts = np.array([float(part) for part in re.findall(r"[\d.]+", text)[:3]]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    light, dark = sorted((float(each @ [0.2126, 0.7152, 0.0722]) for each in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def distance(one: np.ndarray, other: np.ndarray, eye: np.ndarray) -> float:
    seen = [np.cbrt(_TO_LMS @ np.clip(eye @ each, 0, 1)) for each in (one, other)]
    return float(np.linalg.norm(_TO_LAB @ seen[0] - _TO_LAB @ seen[1]))


def test_every_text_can_be_read_on_every_ground(colour):
    ratios = {(text, ground): contrast(colour(text), colour(ground)) for text in TEXTS for ground in GROUNDS}
    assert {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < LEAST_FOR_TEXT} == {}


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("accent-text", "accent"),
        ("text", "selection"),
        ("text", "accent-faint"),
        ("accent", "accent-faint"),
        ("good", "good-faint"),
        ("warning", "warning-faint"),
        ("bad", "bad-faint"),
        ("text", "bad-faint"),
    ],
)
def test_text_on_its_own_ground_can_be_read(colour, text, ground):
    assert contrast(colour(text), colour(ground)) >= LEAST_FOR_TEXT


def test_lines_and_edges_of_inputs_can_be_seen(colour):
    shapes = (*SERIES, "line-strong", "accent")
    ratios = {(shape, ground): contrast(colour(shape), colour(ground)) for shape in shapes for ground in GROUNDS[:3]}
    assert {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < LEAST_FOR_SHAPES} == {}


@pytest.mark.parametrize("eye", EYES)
def test_no_two_series_look_alike(colour, eye):
    found = {name: colour(name) for name in SERIES}
    near = {
        (one, other): round(measured, 3)
        for one, other in combinations(SERIES, 2)
        if (measured := distance(found[one], found[other], EYES[eye])) < LEAST_DISTANCE
    }
    assert near == {}


def test_the_colours_of_the_labs_processes_and_of_states_are_those_of_the_dashboards(module):
    assert module("colours.js", "m => m.LAB") == dict(colours.LAB)
    assert module("colours.js", "m => m.STATES") == {
        colours.GOOD.lower(): "good",
        colours.WATCH.lower(): "warning",
        colours.BAD.lower(): "bad",
        colours.NEUTRAL.lower(): "unknown",
        colours.UNJUDGED.lower(): "text-quiet",
    }


def test_every_colour_of_a_dashboard_can_be_seen(colour, module):
    tables = (colours.SERVICES, colours.SUBJECTS, colours.PERCENTILES, colours.OUTCOMES, colours.STATUSES)
    names = sorted({name for table in (*tables, colours.ERROR_TYPES, colours.LEVELS) for name in table.values()})
    seen = dict(zip(names, module("colours.js", "(m, names) => names.map(m.namedColour)", names), strict=True))
    faint = {name: text for name, text in seen.items() if contrast(linear(text), colour("surface")) < LEAST_FOR_SHAPES}
    assert faint == {}


def test_percentiles_keep_their_order_the_tail_stands_out_most(colour, module):
    ratios = [
        contrast(linear(module("colours.js", "(m, name) => m.namedColour(name)", name)), colour("surface"))
        for name in colours.PERCENTILES.values()
    ]
    assert ratios == sorted(ratios)


def test_a_colour_that_was_found_once_stays_when_it_comes_back(colour, module):
    script = """(m, names) => names.map((name) => {
      const once = m.namedColour(name);
      return [once, m.namedColour(once), m.namedColour(m.colourCss(name))];
    })"""
    for once, *again in module("colours.js", script, ["#6CC0F5", "semi-dark-red", "#C7D0D9", "blue"]):
        assert again == [once, once]
    service, back = module(
        "colours.js", "m => [m.serviceColour('frontend'), m.namedColour(m.serviceColour('frontend'))]"
    )
    assert service == back


def test_a_service_has_the_colour_that_its_systems_manifest_says(module):
    script = """(m, names) => {
      m.knowSystems([{ services: Object.entries(names).map(([name, colour]) => ({ name, colour })) }]);
      return Object.entries(names).map(([name, colour]) => [m.serviceColour(name), m.namedColour(colour)]);
    }"""
    for drawn, said in module("colours.js", script, dict(colours.SERVICES)):
        assert drawn == said
    # What the module knows stays with its page.
    module.reset()


def test_a_service_that_nobody_knows_always_has_the_same_colour(module):
    assert module("colours.js", "m => m.serviceCss('checkout') === m.serviceCss('checkout')")
    assert module("colours.js", "m => m.serviceCss('__proto__')").startswith("var(--series-")


def test_a_colour_of_css_follows_the_theme_by_itself(module):
    script = """m => {
      const probe = document.createElement("i");
      document.body.append(probe);
      return ["frontend", "nobody"].map((name) => {
        probe.style.color = m.serviceCss(name);
        return ["light", "dark"].map((theme) => {
          document.documentElement.dataset.theme = theme;
          return getComputedStyle(probe).color;
        });
      });
    }"""
    for light, dark in module("colours.js", script):
        assert light != dark
    module.reset()


def test_what_can_be_marked_is_what_lab_annotate_knows(module):
    assert set(module("shell/mark_dialog.js", "m => m.KINDS.map(([kind]) => kind)")) == set(KINDS)
    assert module("shell/mark_dialog.js", "m => m.MOST_CHARACTERS") == _MOST_CHARACTERS
