"""Reading a range page by page, and the lines around a line: nothing lost, nothing twice, also with equal times."""

import random

import pytest

#: Loki over lines in memory: at most 5,000 lines an answer, those of one nanosecond in an order of its own.
LOKI = """
const stored = (rows) => rows.map(([nano, stream, text]) => ({nano: String(nano), labels: {s: stream}, line: text}));
const loki = (lines, log = []) => async ({start, end, limit, direction}) => {
  log.push([String(start), String(end), limit, direction]);
  if (limit > 5000 || limit < 1) throw new Error(`limit ${limit}`);
  const sign = direction === "forward" ? 1n : -1n;
  const mixed = (line) => [...(line.line + direction + limit)].reduce((h, c) => (h * 31 + c.charCodeAt(0)) % 9973, 7);
  return lines
    .filter(({nano}) => BigInt(nano) >= start && BigInt(nano) < end)
    .sort((a, b) => Number(sign * (BigInt(a.nano) - BigInt(b.nano))) || mixed(a) - mixed(b))
    .slice(0, limit);
};
"""


def _over(parameters: str, script: str) -> str:
    """A function of the module with that Loki at hand."""
    return f"async ({parameters}) => {{{LOKI}{script}}}"


def _crowds(seed: int) -> list[list[object]]:
    """Lines of two streams, many of them in few nanoseconds."""
    chance = random.Random(seed)
    rows = []
    nano = 1_795_261_777_000_000_000
    for number in range(chance.randrange(0, 60)):
        nano += chance.choice([0, 0, 0, 1, 1, 7, 1_000_000_000])
        rows.append([str(nano), chance.choice("ab"), f"line {number}"])
    return rows


CASES = [
    {"rows": _crowds(seed), "limit": seed % 9 + 1, "direction": ("backward", "forward")[seed % 2]}
    for seed in range(200)
]


def test_pages_together_are_the_range_and_no_line_is_in_two(module):
    found = module(
        "logs/paging.js",
        _over(
            "m, cases",
            """
          const wrong = [];
          for (const {rows, limit, direction} of cases) {
            const lines = stored(rows);
            let rest = {start: 0n, end: 2n ** 62n};
            let all = [];
            for (let i = 0; rest && i < 200; i += 1) {
              const next = await m.page(loki(lines), {...rest, limit, direction});
              all = direction === "backward" ? next.lines.concat(all) : all.concat(next.lines);
              rest = next.rest;
            }
            const times = all.map(({nano}) => BigInt(nano));
            const ordered = times.every((time, i) => i === 0 || times[i - 1] <= time);
            const texts = all.map(({line}) => line).sort().join();
            const whole = texts === lines.map(({line}) => line).sort().join();
            if (rest || !ordered || !whole) wrong.push([rows, limit, direction]);
          }
          return wrong;
        """,
        ),
        CASES,
    )
    assert found == []


def test_a_view_that_grows_at_both_ends_has_each_line_once(module):
    found = module(
        "logs/lines_in_view.js",
        _over(
            "m, cases",
            """
          const wrong = [];
          for (const {rows, limit} of cases) {
            const lines = stored(rows);
            if (!lines.length) continue;
            const view = new m.LinesInView(loki(lines));
            const nano = BigInt(lines[Math.floor(lines.length / 2)].nano);
            await view.beginAt({nano, start: 0n, end: 2n ** 62n, limit});
            for (let i = 0; (view.older || view.newer) && i < 300; i += 1) {
              await view.extend(i % 3 ? "older" : "newer", limit);
            }
            const texts = view.lines.map(({line}) => line).sort().join();
            if (texts !== lines.map(({line}) => line).sort().join()) wrong.push(rows);
          }
          return wrong;
        """,
        ),
        CASES,
    )
    assert found == []


def test_a_view_that_let_lines_go_loads_them_again_exactly(module):
    found = module(
        "logs/lines_in_view.js",
        _over(
            "m, cases",
            """
          const wrong = [];
          for (const {rows, limit} of cases) {
            const lines = stored(rows);
            const view = new m.LinesInView(loki(lines), {most: 10});
            await view.begin({start: 0n, end: 2n ** 62n, limit, direction: "backward"});
            const seen = new Set(view.lines.map(({line}) => line));
            for (const side of ["older", "newer", "older"]) {
              for (let i = 0; view[side] && i < 200; i += 1) {
                await view.extend(side, limit);
                const nanos = new Set(view.lines.map(({nano}) => nano));
                // Always a piece without holes: of each nanosecond in it all lines, and between the ends every line.
                const [first, last] = [BigInt(view.lines[0]?.nano ?? 0), BigInt(view.lines.at(-1)?.nano ?? -1)];
                const inside = lines.filter(({nano}) => BigInt(nano) >= first && BigInt(nano) <= last);
                if (inside.length !== view.lines.length) wrong.push([rows, limit, side]);
                view.lines.forEach(({line}) => seen.add(line));
              }
            }
            if (seen.size !== lines.length) wrong.push([rows, limit, "lost"]);
          }
          return wrong.slice(0, 3);
        """,
        ),
        CASES,
    )
    assert found == []


def test_lines_that_arrive_late_are_put_in_their_place_and_known_ones_are_not_added(module):
    found = module(
        "logs/lines_in_view.js",
        _over(
            "m",
            """
          const lines = stored([["10", "a", "one"], ["20", "a", "two"], ["20", "b", "two"]]);
          const view = new m.LinesInView(loki(lines));
          await view.begin({start: 0n, end: 100n, limit: 10, direction: "backward"});
          const arrived = [["20", "b", "two"], ["15", "a", "late"], ["30", "a", "three"], ["20", "a", "three"]];
          const fresh = view.add(stored(arrived));
          return [fresh.map(({line}) => line), view.lines.map(({nano, labels, line}) => [nano, labels.s, line])];
        """,
        ),
    )
    assert found == [
        ["late", "three", "three"],
        [
            ["10", "a", "one"],
            ["15", "a", "late"],
            ["20", "a", "two"],
            ["20", "a", "three"],
            ["20", "b", "two"],
            ["30", "a", "three"],
        ],
    ]


def test_a_nanosecond_with_more_lines_than_loki_gives_is_named(module):
    found = module(
        "logs/paging.js",
        _over(
            "m",
            """
          const lines = Array.from({length: 5003}, (_, i) => ({nano: "50", labels: {}, line: String(i)}))
            .concat(stored([["40", "a", "before"]]));
          const first = await m.page(loki(lines), {start: 0n, end: 100n, limit: 1000, direction: "backward"});
          const next = await m.page(loki(lines), {...first.rest, limit: 1000, direction: "backward"});
          return [first.lines.length, first.cut, next.lines.map(({line}) => line), next.rest];
        """,
        ),
    )
    assert found == [5000, "50", ["before"], None]


def test_all_lines_of_a_range_are_read_up_to_a_bound(module):
    found = module(
        "logs/paging.js",
        _over(
            "m",
            """
          const lines = stored(Array.from({length: 25}, (_, i) => [String(100 + i), "a", String(i)]));
          const all = await m.everyLine(loki(lines), {start: 0n, end: 1000n, limit: 4});
          const some = await m.everyLine(loki(lines), {start: 0n, end: 1000n, limit: 4, most: 9});
          return [all.lines.map(({line}) => line), all.complete, some.lines.length, some.complete];
        """,
        ),
    )
    assert found == [[str(number) for number in range(25)], True, 9, False]


@pytest.mark.parametrize("count", [1, 2, 5, 100])
def test_the_lines_around_a_line_are_its_neighbours(module, count):
    found = module(
        "logs/context_lines.js",
        _over(
            "m, {cases, count}",
            """
          const wrong = [];
          for (const {rows} of cases) {
            const lines = stored(rows);
            const line = lines[Math.floor(lines.length / 3)];
            if (!line) continue;
            const context = await m.around(loki(lines), line, {count, reach: 10n ** 18n});
            for (const side of ["older", "newer"]) {
              for (let i = 0; context[side] && i < 100; i += 1) {
                const next = await m.more(loki(lines), context[side], count);
                if (side === "older") context.before = next.lines.concat(context.before);
                else context.after = context.after.concat(next.lines);
                context[side] = next.rest;
              }
            }
            const {lines: joined, at} = m.joined(context);
            const times = joined.map(({nano}) => BigInt(nano));
            const ordered = times.every((time, i) => i === 0 || times[i - 1] <= time);
            const whole = joined.map(({line}) => line).sort().join() === lines.map(({line}) => line).sort().join();
            if (!ordered || !whole || joined[at] !== line) wrong.push([rows, at]);
          }
          return wrong;
        """,
        ),
        {"cases": CASES[:60], "count": count},
    )
    assert found == []


def test_as_many_lines_as_wanted_stand_on_each_side_of_a_line(module):
    found = module(
        "logs/context_lines.js",
        _over(
            "m",
            """
          const lines = stored(Array.from({length: 40}, (_, i) => [String(100 + i), "a", `line ${i}`]));
          const context = await m.around(loki(lines), lines[20], {count: 5, reach: 1000n});
          return [context.before, context.here, context.after].map((part) => part.map(({line}) => line));
        """,
        ),
    )
    assert found == [[f"line {n}" for n in range(15, 20)], ["line 20"], [f"line {n}" for n in range(21, 26)]]
