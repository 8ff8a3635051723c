"""A range query kept fresh: after any number of refreshes it is what the whole question would have answered."""

from __future__ import annotations

import pytest

#: In JavaScript: a Prometheus of made-up series, {labels, points: {time: value}}, which counts what it is asked.
BACKEND = """
const backend = (series) => {
  const asked = [];
  const queryRange = async (expr, { from, to, step }) => {
    asked.push([from, to]);
    const answer = [];
    for (const { labels, points } of series.list) {
      const times = [];
      for (let t = from; t <= to + 1e-9; t += step) if (points.has(Math.round(t * 1000))) times.push(t);
      const values = times.map((t) => points.get(Math.round(t * 1000)));
      if (times.length) answer.push({ labels, times: Float64Array.from(times), values: Float64Array.from(values) });
    }
    return answer;
  };
  return { asked, queryRange };
};
const points = (rows) => new Map(rows.map(([t, v]) => [Math.round(t * 1000), v]));
const plain = (answer) => answer
  .map(({ labels, times, values }) => [JSON.stringify(labels), [...times], [...values].map(String)])
  .sort((one, other) => (one[0] < other[0] ? -1 : 1));
"""


def answers(module, steps, *, step=5):
    """Plays a list of moments; each is {from, to, series: [[labels, [[t, v]]]]}.

    What the keeper answered, what the whole question answers, and what was asked for, moment by moment."""
    script = (
        """async (m, { steps, step }) => {"""
        + BACKEND
        + """
          const series = { list: [] };
          const { asked, queryRange } = backend(series);
          const keep = m.rangeKeeper(queryRange);
          const result = [];
          for (const moment of steps) {
            series.list = moment.series.map(([labels, rows]) => ({ labels, points: points(rows) }));
            const expr = moment.expr ?? "up";
            const kept = plain(await keep(expr, { from: moment.from, to: moment.to, step: moment.step ?? step }));
            const request = asked.at(-1);
            const window = m.aligned(moment.from, moment.to, moment.step ?? step);
            const whole = plain(await queryRange(expr, { ...window, step: moment.step ?? step }));
            asked.pop();
            result.push({ kept, whole, request });
          }
          return result;
        }"""
    )
    return module("data/incremental.js", script, {"steps": steps, "step": step})


def counter(first, last, *, step=5, slope=1.0, without=()):
    """A point each step: (time, slope × steps since 0)."""
    return [[t, slope * t] for t in range(first, last + 1, step) if t not in without]


def window(to, series, length=60, **more):
    return {"from": to - length, "to": to, "series": series, **more}


UP = {"__name__": "up", "service": "frontend"}
OTHER = {"__name__": "up", "service": "backend"}

#: What may happen between refreshes, moment by moment.
HISTORIES = {
    "nothing new": [window(100, [[UP, counter(0, 100)]])] * 3,
    "a window that slides": [window(to, [[UP, counter(0, to)]]) for to in (100, 105, 107, 110, 130)],
    "a gap that stays": [window(to, [[UP, counter(0, to, without=(60, 65, 70))]]) for to in (100, 105, 110, 125)],
    "a series that goes stale": [window(to, [[UP, counter(0, min(to, 105))]]) for to in (100, 105, 120, 150, 180)],
    "a series that leaves": [
        window(100, [[UP, counter(0, 100)], [OTHER, counter(0, 60)]]),
        window(110, [[UP, counter(0, 110)], [OTHER, counter(0, 60)]]),
        window(125, [[UP, counter(0, 125)], [OTHER, counter(0, 60)]]),
    ],
    "a series that comes": [
        window(100, [[UP, counter(0, 100)]]),
        window(105, [[UP, counter(0, 105)], [OTHER, [[105, 1]]]]),
        window(120, [[UP, counter(0, 120)], [OTHER, [[105, 1], [110, 2], [115, 3], [120, 4]]]]),
    ],
    "labels that change": [
        window(100, [[{**UP, "version": "1"}, counter(0, 100)]]),
        window(
            110,
            [[{**UP, "version": "1"}, counter(0, 100)], [{**UP, "version": "2"}, [[105, 1], [110, 2]]]],
        ),
    ],
    "labels in another order": [
        window(100, [[{"a": "1", "b": "2"}, counter(0, 100)]]),
        window(105, [[{"b": "2", "a": "1"}, counter(0, 105)]]),
    ],
    "a counter that begins anew": [
        window(100, [[UP, counter(0, 100)]]),
        window(110, [[UP, [*counter(0, 100), [105, 0], [110, 5]]]]),
    ],
    "a last point that was not final": [
        window(100, [[UP, [*counter(0, 95), [100, 7]]]]),
        window(105, [[UP, [*counter(0, 95), [100, 100], [105, 105]]]]),
    ],
    "a point that came late": [
        window(100, [[UP, counter(0, 95)]]),
        window(105, [[UP, counter(0, 105)]]),
    ],
    "a clock that jumps ahead": [window(to, [[UP, counter(0, to)]]) for to in (100, 105, 4000)],
    "a clock that jumps back": [window(to, [[UP, counter(0, to)]]) for to in (100, 105, 60, 65)],
    "another step": [
        window(100, [[UP, counter(0, 100)]]),
        window(105, [[UP, counter(0, 105)]], step=15),
        window(110, [[UP, counter(0, 110)]], step=15),
    ],
    "another query": [
        window(100, [[UP, counter(0, 100)]]),
        window(105, [[UP, counter(0, 105, slope=2)]], expr="2 * up"),
    ],
    "a window that widens": [
        window(100, [[UP, counter(0, 100)]], length=30),
        window(105, [[UP, counter(0, 105)]], length=90),
    ],
    "a window that narrows": [
        window(100, [[UP, counter(0, 100)]], length=90),
        window(105, [[UP, counter(0, 105)]], length=30),
    ],
    "values that are no numbers": [
        window(100, [[UP, [[90, "NaN"], [95, "Infinity"], [100, 1]]]]),
        window(105, [[UP, [[90, "NaN"], [95, "Infinity"], [100, 1], [105, "-Infinity"]]]]),
    ],
    "nothing at all": [window(100, []), window(105, []), window(110, [[UP, [[110, 1]]]])],
}


@pytest.mark.parametrize("history", HISTORIES)
def test_what_is_kept_is_what_the_whole_question_answers(module, history):
    for moment in answers(module, HISTORIES[history]):
        assert moment["kept"] == moment["whole"]


def test_a_refresh_asks_for_the_last_points_and_the_new_ones_only(module):
    requests = [moment["request"] for moment in answers(module, HISTORIES["a window that slides"])]
    assert requests == [[40, 100], [90, 105], [95, 105], [95, 110], [100, 130]]


@pytest.mark.parametrize(
    "history", ["another step", "another query", "a window that widens", "a clock that jumps back"]
)
def test_another_question_is_asked_whole(module, history):
    moments = HISTORIES[history]
    asked = answers(module, moments)[2 if history == "a clock that jumps back" else 1]
    moment = moments[2 if history == "a clock that jumps back" else 1]
    step = moment.get("step", 5)
    assert asked["request"] == [-(-moment["from"] // step) * step, moment["to"] // step * step]


def test_points_lie_on_multiples_of_the_step_whatever_the_time_is(module):
    script = "(m, list) => list.map(([from, to, step]) => m.aligned(from, to, step))"
    found = module("data/incremental.js", script, [[40.2, 100.9, 5], [1.1, 2.9, 0.5], [7, 8, 15]])
    assert found == [{"from": 45, "to": 100}, {"from": 1.5, "to": 2.5}, {"from": 0, "to": 0}]


def test_a_question_that_fails_leaves_what_was_kept(module):
    script = """async (m) => {
      let broken = false;
      const whole = async (expr, { from, to, step }) => {
        if (broken) throw new Error("gone");
        const times = [];
        for (let t = from; t <= to; t += step) times.push(t);
        return [{ labels: {}, times: Float64Array.from(times), values: Float64Array.from(times) }];
      };
      const keep = m.rangeKeeper(whole);
      await keep("up", { from: 0, to: 60, step: 5 });
      broken = true;
      const failed = await keep("up", { from: 5, to: 65, step: 5 }).catch((error) => error.message);
      broken = false;
      const [{ times }] = await keep("up", { from: 10, to: 70, step: 5 });
      return [failed, times.length, times[0], times.at(-1)];
    }"""
    assert module("data/incremental.js", script) == ["gone", 13, 10, 70]


def test_of_two_refreshes_at_once_the_answers_do_not_mix(module):
    """The slower answer of the earlier question does not undo the later one."""
    script = """async (m) => {
      const waiting = [];
      const slow = (expr, { from, to, step }) => new Promise((done) => waiting.push(() => {
        const times = [];
        for (let t = from; t <= to; t += step) times.push(t);
        done([{ labels: {}, times: Float64Array.from(times), values: Float64Array.from(times) }]);
      }));
      const keep = m.rangeKeeper(slow);
      const first = keep("up", { from: 0, to: 60, step: 5 });
      waiting.shift()();
      await first;
      const second = keep("up", { from: 5, to: 65, step: 5 });
      const third = keep("up", { from: 10, to: 70, step: 5 });
      waiting.pop()();
      await third;
      waiting.pop()();
      await second;
      const fourth = keep("up", { from: 15, to: 75, step: 5 });
      waiting.pop()();
      return [...(await fourth)[0].times];
    }"""
    assert module("data/incremental.js", script) == list(range(15, 76, 5))
