"""Live lines: none lost and none twice, whatever happens to the WebSocket and to Loki."""

#: A Loki in memory with its WebSocket: `loki.push(...)`, `loki.down`, `loki.refuses`, sockets that can be cut.
LOKI = """
class Loki {
  lines = [];
  sockets = [];
  down = false;
  refuses = false;
  deaf = false;
  asked = 0;
  push(nano, text, {late = false} = {}) {
    const line = {nano: String(nano), labels: {service: "a"}, metadata: {}, parsed: {}, line: text};
    this.lines.push(line);
    if (this.deaf) return;
    const streams = [{stream: line.labels, values: [[line.nano, text, {}]]}];
    for (const socket of this.sockets) socket.onmessage?.({data: JSON.stringify({streams})});
  }
  ask = async ({start, end, limit, direction}) => {
    this.asked += 1;
    await null;
    if (this.down) throw Object.assign(new Error("No answer."), {kind: "unreachable"});
    const sign = direction === "forward" ? 1n : -1n;
    return this.lines
      .filter(({nano}) => BigInt(nano) >= start && BigInt(nano) < end)
      .sort((a, b) => Number(sign * (BigInt(a.nano) - BigInt(b.nano))))
      .slice(0, limit);
  };
  open = () => {
    const socket = {close: () => this.sockets.splice(this.sockets.indexOf(socket), 1)};
    if (this.down || this.refuses) {
      setTimeout(() => socket.onclose?.({reason: "refused"}));
    } else {
      this.sockets.push(socket);
      setTimeout(() => socket.onopen?.());
    }
    return socket;
  };
  cut() {
    for (const socket of this.sockets.splice(0)) socket.onclose?.({reason: "ended"});
  }
}
const loki = new Loki();
const seen = [];
const states = [];
const base = BigInt(Date.now()) * 1000000n;
const run = (known = []) => m.follow('{service="a"}', {
  ask: loki.ask, open: loki.open, known, since: base - 10n ** 12n,
  onLines: (lines) => seen.push(...lines.map(({line}) => line)),
  onState: (state) => states.push(state),
});
const until = async (condition) => {
  for (let i = 0; i < 400 && !condition(); i += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  if (!condition()) throw new Error(`not reached: ${JSON.stringify([seen, states])}`);
};
"""


def _follow(module, script: str):
    return module("logs/follow.js", f"async (m) => {{{LOKI}{script}}}")


def test_lines_come_as_they_are_written_and_known_ones_are_not_repeated(module):
    seen = _follow(
        module,
        """
      loki.push(base, "known");
      const feed = run([...loki.lines]);
      await until(() => loki.sockets.length === 1);
      loki.push(base + 1n, "one");
      loki.push(base + 1n, "two");
      loki.push(base - 5n, "late");
      await until(() => seen.length === 3 && loki.asked > 2);
      feed.close();
      return seen;
    """,
    )
    assert seen == ["one", "two", "late"]


def test_what_was_written_while_the_connection_was_away_comes_afterwards_once(module):
    seen, states = _follow(
        module,
        """
      const feed = run();
      await until(() => states.includes("live"));
      loki.push(base + 1n, "before");
      loki.down = true;
      loki.cut();
      loki.push(base + 2n, "during");
      loki.push(base + 2n, "during too");
      await until(() => states.includes("lost"));
      loki.down = false;
      await until(() => states.at(-1) === "live");
      loki.push(base + 3n, "after");
      await until(() => seen.length >= 4);
      feed.close();
      return [seen.toSorted(), states];
    """,
    )
    assert seen == ["after", "before", "during", "during too"]
    assert states == ["connecting", "live", "connecting", "lost", "connecting", "live"]


def test_lines_that_the_websocket_swallows_are_asked_for(module):
    seen = _follow(
        module,
        """
      const feed = run();
      await until(() => states.includes("live"));
      loki.deaf = true;
      loki.push(base + 1n, "swallowed");
      await until(() => seen.length === 1);
      feed.close();
      return seen;
    """,
    )
    assert seen == ["swallowed"]


def test_without_a_websocket_lines_come_by_asking(module):
    seen, states = _follow(
        module,
        """
      loki.refuses = true;
      const feed = run();
      await until(() => states.includes("polling"));
      loki.push(base + 1n, "one");
      loki.push(base + 1n, "two");
      await until(() => seen.length === 2);
      feed.close();
      return [seen, states];
    """,
    )
    assert sorted(seen) == ["one", "two"]
    assert states[-1] == "polling"


def test_a_closed_feed_says_nothing_more(module):
    seen = _follow(
        module,
        """
      const feed = run();
      await until(() => loki.sockets.length === 1);
      feed.close();
      loki.push(base + 1n, "one");
      await new Promise((resolve) => setTimeout(resolve, 100));
      return [seen.length, loki.sockets.length];
    """,
    )
    assert seen == [0, 0]


def test_lines_wait_while_the_list_is_paused_and_the_oldest_are_let_go_past_a_bound(module):
    found = module(
        "logs/live.js",
        """async (m) => {
      const shown = [];
      const fresh = [];
      const live = new m.Live({
        onLines: (lines) => shown.push(lines.length), onFresh: (lines) => fresh.push(lines), onChange() {}, onGap() {},
      });
      const now = BigInt(Date.now()) * 1000000n;
      const lines = Array.from({length: m.MOST_WAITING + 10}, (_, i) => ({
        nano: String(now + BigInt(Math.floor(i / 4))), labels: {}, line: String(i),
      }));
      const ask = async ({start, limit}) => lines.filter(({nano}) => BigInt(nano) >= start).slice(0, limit);
      globalThis.WebSocket = class { close() {} };
      live.start("{}", {ask, known: [], since: now - 10n ** 12n});
      live.pause("asked");
      const all = () => live.waiting + live.letGo === lines.length;
      for (let i = 0; i < 300 && !all(); i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
      const waiting = [live.waiting, live.letGo, shown.length];
      live.resume();
      live.stop();
      return [waiting, fresh[0].length, fresh[0][0].line, live.waiting];
    }""",
    )
    module.reset()
    assert found == [[4998, 12, 0], 4998, "12", 0]
