/** The page: one pane or two beside each other, which share the time unless one has its own. */
import { exploreAddress, timeInAddress } from "../addresses.js";
import { h, replace } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { copy } from "../ui/clipboard.js";
import { menuButton } from "../ui/menu.js";
import { toGrafana } from "./grafana.js";
import { History } from "./history.js";
import { Pane } from "./pane.js";
import { emptyPane, readPane, writePane } from "./state.js";

const SIDES = ["left", "right"];

/**
 * @param {HTMLElement} root
 * @param {object} context - of the page
 * @param {{heading?: "h1"|"h2"}} options - h2 as a part of another page, which keeps its own title and focus
 * @returns {{queries: () => Array<{source: string, query: string}>, focus: () => void, destroy: () => void,
 *   begin: (source: string) => void, turnTo: (source: string) => void}}
 *   `queries` are the panes' texts as they are written, left to right; `begin` chooses what a pane asks that nobody has
 *   touched yet, nor an address; `turnTo` gives an empty pane for a source, without taking a written one away
 */
export function explore(root, context, { heading = "h1" } = {}) {
  const { url, time, lab } = context;
  const isPage = heading === "h1";
  const history = new History();
  const panes = { left: null, right: null };
  // What an address means that says nothing of the first pane.
  let firstSource = "prometheus";
  const place = h("div", { class: "panes" });
  const share = menuButton({ class: "button button-quiet" }, [icon("link"), "Copy link"], () => [
    {
      text: "With this time range as it is",
      hint: "“Last 15 minutes” stays the last 15 minutes",
      onSelect: () => copy(location.href, "The address"),
    },
    {
      text: "With the times of now",
      hint: "Shows the same picture tomorrow",
      onSelect: () => copy(absolute(), "The address"),
    },
  ]);
  replace(root, h("div", { class: "explore-head" }, h(heading, {}, "Explore"), share), place);

  const act = {
    changed: () => write(),
    beside: (question) => beside(question),
    tools: (pane) => tools(pane),
  };

  const ends = [url.onChange(() => read()), time.onChange((reason) => runAll({ quiet: reason === "refresh" }))];
  read({ first: true });

  function read({ first = false } = {}) {
    const told = { left: readPane(url.get("left")) ?? emptyPane(firstSource), right: readPane(url.get("right")) };
    for (const side of SIDES) {
      const state = told[side];
      if (state === null) close(side);
      else if (panes[side] === null) open(side, state);
      else if (writePane(panes[side].state) !== writePane(state) || !state.query) panes[side].show(state);
    }
    redraw();
    describe();
    if (first && isPage && !panes.left.state.query) panes.left.focus();
  }

  function open(side, state) {
    const name = side === "left" ? "First query" : "Second query";
    panes[side] = new Pane(place, { context, history, name, state, act: { ...act, changed: (_, how) => write(how) } });
    place.classList.toggle("two", panes.right !== null);
  }

  function close(side) {
    panes[side]?.destroy();
    panes[side] = null;
    place.classList.toggle("two", panes.right !== null);
  }

  function write({ push = false } = {}) {
    const texts = Object.fromEntries(SIDES.map((side) => [side, panes[side] && writePane(panes[side].state)]));
    url.set(texts, { push });
    describe();
  }

  function runAll(how) {
    for (const side of SIDES) {
      const state = panes[side]?.state;
      if (state && (state.query.trim() || state.view === "service map")) panes[side].run(how);
    }
    describe();
  }

  /** The two are made anew, so that each stands in its place. */
  function arrange(left, right, { push = true } = {}) {
    url.set({ left: writePane(left), right: right && writePane(right) }, { push });
    close("right");
    close("left");
    open("left", left);
    if (right) open("right", right);
    redraw();
    describe();
  }

  function split(pane) {
    if (panes.right === null) {
      open("right", pane.state);
      write({ push: true });
      redraw();
      panes.right.focus();
    }
  }

  function tools(pane) {
    const button = (name, label, onclick) =>
      h("button", { type: "button", class: "button button-quiet", onclick }, icon(name), label);
    if (panes.right === null) {
      return [button("plus", "Split", () => split(pane))];
    }
    const other = () => (pane === panes.left ? panes.right : panes.left);
    return [
      button("forward", "Swap", () => arrange(panes.right.state, panes.left.state)),
      button("close", "Close", () => arrange(other().state, null)),
    ];
  }

  function redraw() {
    for (const side of SIDES) panes[side]?.redraw();
  }

  /** Asks in the pane beside the one that is looked at; where there is none it comes to be. */
  function beside({ source, query, view, from, to }) {
    const range = from ? { from: timeInAddress(from), to: timeInAddress(to) } : null;
    const state = { ...emptyPane(source), query, view, range };
    history.add(state);
    if (panes.right === null) open("right", state);
    else panes.right.show(state);
    write({ push: true });
    redraw();
    context.announce("Asked in the second pane.");
  }

  function begin(source) {
    if (url.get("left") !== null || url.get("right") !== null || panes.left.text.trim()) return;
    firstSource = source;
    panes.left.show(emptyPane(source));
  }

  function turnTo(source) {
    const empty = SIDES.find((side) => panes[side] && !panes[side].state.query && !panes[side].text.trim());
    const side = empty ?? "right";
    if (panes[side] === null) open(side, emptyPane(source));
    else panes[side].show(emptyPane(source));
    write({ push: true });
    redraw();
    panes[side].focus();
  }

  function absolute() {
    const { from, to } = time.range();
    const states = SIDES.map((side) => panes[side]?.state).filter(Boolean);
    const address = exploreAddress(states.map((state) => JSON.parse(writePane(state))), { from, to });
    return new URL(address, location.href).href;
  }

  function describe() {
    const asked = panes.left.state.query.trim();
    if (isPage) context.setTitle(asked ? `${asked.slice(0, 60)} · Explore` : "Explore");
    const states = SIDES.map((side) => panes[side]?.state).filter((state) => state?.query.trim());
    context.openInGrafana?.(lab.grafanaUrl && states.length ? toGrafana(lab.grafanaUrl, states, time.texts()) : null);
  }

  return {
    queries: () =>
      SIDES.map((side) => panes[side])
        .filter(Boolean)
        .map(({ state, text }) => ({ source: state.source, query: text.trim() })),
    focus: () => panes.left.focus(),
    begin,
    turnTo,
    destroy() {
      for (const end of ends) end();
      for (const side of SIDES) panes[side]?.destroy();
    },
  };
}
