/** The lines around a line, in a dialog: of its stream, of its service, or of all services. */
import { logsAddress } from "../addresses.js";
import { dateTime } from "../format/time.js";
import { dialog } from "../ui/dialog.js";
import { h, replace } from "../ui/dom.js";
import { errorState, loading } from "../ui/states.js";
import { around, joined, more } from "./context_lines.js";
import { logList } from "./list.js";
import { lineId } from "./order.js";
import { selectorFor } from "./query_text.js";
import { linesOfQuery } from "./source.js";

/** Lines on each side at first, and with each "more". */
const AT_ONCE = 20;

/** Where lines around a line may come from; the first that a line has is chosen. */
function scopesOf(line) {
  const names = ["service", "service_name"].filter((name) => line.labels[name]);
  const [name] = names;
  return [
    name && { id: "service", title: `Of ${line.labels[name]}`, query: selectorFor({ [name]: line.labels[name] }) },
    { id: "stream", title: "Of the same stream", query: selectorFor(line.labels) },
    name && { id: "all", title: "Of all services", query: `{${name}=~".+"}` },
  ].filter(Boolean);
}

/**
 * Opens the dialog.
 * @param {import("../data/log_line.js").Line} line
 * @param {{context?: object}} options the page's context, for the list
 */
export function openContext(line, { context } = {}) {
  const leaving = new AbortController();
  const scopes = scopesOf(line);
  const content = h("div", { class: "log-context" });
  const place = h("div", { class: "log-context-lines" });
  let chosen = scopes[0];
  let turn = 0;

  const choices = h(
    "div",
    { class: "log-scopes", role: "group", "aria-label": "Which lines" },
    scopes.map((scope) =>
      h(
        "button",
        { type: "button", class: "button", "aria-pressed": scope === chosen, onclick: () => choose(scope) },
        scope.title,
      )
    ),
  );
  const inLogs = h("a", { class: "log-context-open" }, "Open on the Logs page");

  function choose(scope) {
    chosen = scope;
    for (const [i, button] of [...choices.children].entries()) {
      button.setAttribute("aria-pressed", String(scopes[i] === scope));
    }
    load();
  }

  async function load() {
    turn += 1;
    const mine = turn;
    inLogs.href = `${logsAddress({ query: chosen.query, from: line.time - 300, to: line.time + 300 })}&line=${
      encodeURIComponent(lineId(line))
    }`;
    const ask = linesOfQuery(chosen.query, { signal: leaving.signal });
    if (!place.firstChild) replace(place, loading("Looking for the lines around it"));
    // What still stands there is of another choice: it stays to be read, but answers to nothing.
    place.setAttribute("aria-busy", "true");
    place.inert = true;
    try {
      const found = await around(ask, line, { count: AT_ONCE });
      if (mine === turn) show(ask, found);
    } catch (error) {
      if (mine === turn && !leaving.signal.aborted) replace(place, errorState(error, { retry: load }));
    } finally {
      if (mine === turn) {
        place.removeAttribute("aria-busy");
        place.inert = false;
      }
    }
  }

  function show(ask, found) {
    const listPlace = h("div", { class: "log-context-list" });
    const sides = { older: sideButton("older"), newer: sideButton("newer") };
    replace(place, sides.older, listPlace, sides.newer);
    const list = logList(listPlace, {
      lines: joined(found).lines,
      newestFirst: false,
      wrap: true,
      maxHeight: Math.max(innerHeight * 0.6, 200),
      marked: lineId(line),
      onContext: null,
      label: "Lines around the line",
      context,
    });
    list.reveal(lineId(line));
    say();

    function sideButton(side) {
      return h("button", { type: "button", class: "button button-quiet log-more", onclick: () => extend(side) });
    }

    async function extend(side) {
      const rest = found[side];
      if (!rest) return;
      sides[side].disabled = true;
      try {
        const next = await more(ask, rest, AT_ONCE);
        if (side === "older") found.before = next.lines.concat(found.before);
        else found.after = found.after.concat(next.lines);
        found[side] = next.rest;
        list.update(joined(found).lines);
      } catch (error) {
        if (!leaving.signal.aborted) sides[side].textContent = `${error.message} Try again.`;
        sides[side].disabled = false;
        return;
      }
      say();
    }

    function say() {
      for (const [side, lines, word] of [["older", found.before, "before"], ["newer", found.after, "after"]]) {
        sides[side].disabled = !found[side];
        sides[side].textContent = found[side]
          ? `${lines.length} lines ${word} it · show ${AT_ONCE} more`
          : `${lines.length} ${lines.length === 1 ? "line" : "lines"} ${word} it, no more within a day`;
      }
      if (found.at < 0) {
        sides.older.before(
          h("p", { class: "log-note" }, "The line itself is not in the store any more, or not in these streams."),
        );
      }
    }
  }

  replace(content, h("div", { class: "log-context-head" }, choices, inLogs), place);
  load();
  return dialog({
    title: `Lines around ${dateTime(line.time, { milliseconds: true })}`,
    content,
    wide: true,
    onClose: () => leaving.abort(),
  });
}
