/** Above the list: how many lines of how many, whether they come live, and how they are shown. */
import { h, replace } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { menuButton } from "../ui/menu.js";

const STATES = {
  connecting: "Connecting …",
  live: "Live",
  polling: "Live, asked every 2 s",
  lost: "Not live: Loki does not answer. Trying again …",
};

/**
 * @param {HTMLElement} root
 * @param {{onLive: (on: boolean) => void, onPause: () => void, onResume: () => void, onWrap: () => void,
 *   onDirection: () => void, onPanel: (name: string) => void, onColumn: (name: string) => void,
 *   downloads: () => object[]}} actions
 * @returns {{update: (view: object) => void}} view: the page's state, and `live` (live.js), `status`, `statusTitle`
 */
export function toolbar(root, actions) {
  const toggle = (title, onclick) =>
    h("button", { type: "button", class: "button", "aria-pressed": "false", onclick }, title);
  const live = h(
    "button",
    {
      type: "button",
      class: "button",
      "aria-pressed": "false",
      onclick: () => actions.onLive(live.getAttribute("aria-pressed") !== "true"),
    },
    h("span", { class: "log-live-dot", "aria-hidden": "true" }),
    "Live",
  );
  const pause = h("button", { type: "button", class: "button", hidden: true });
  const direction = h("button", {
    type: "button",
    class: "button",
    title: "Turn the order round",
    onclick: actions.onDirection,
  });
  const wrap = toggle("Wrap lines", actions.onWrap);
  const panels = {
    fields: toggle("Fields", () => actions.onPanel("fields")),
    patterns: toggle("Patterns", () => actions.onPanel("patterns")),
  };
  const download = menuButton({ class: "button" }, [icon("download"), "Download"], actions.downloads, {
    label: "Download",
  });
  const status = h("p", { class: "log-status", role: "status" });
  const liveText = h("p", { class: "log-live", hidden: true });
  const columns = h("div", { class: "log-columns", hidden: true });
  replace(
    root,
    h(
      "div",
      { class: "log-bar" },
      status,
      h("div", { class: "log-buttons" }, live, pause, direction, wrap, panels.fields, panels.patterns, download),
    ),
    liveText,
    columns,
  );

  return {
    update(view) {
      const on = view.feed.running;
      press(live, on);
      live.classList.toggle("log-live-on", on && view.feed.state === "live" && !view.feed.paused);
      pause.hidden = !on;
      const paused = on && view.feed.paused !== null;
      pause.onclick = paused ? actions.onResume : actions.onPause;
      setText(
        pause,
        paused ? `Resume${view.feed.waiting ? ` (${view.feed.waiting.toLocaleString("en")} waiting)` : ""}` : "Pause",
      );
      setText(direction, view.direction === "backward" ? "Newest first" : "Oldest first");
      press(wrap, view.wrap);
      for (const [name, button] of Object.entries(panels)) press(button, view.panel === name);
      setText(status, view.status);
      status.title = view.statusTitle ?? "";
      liveText.hidden = !on;
      setText(liveText, on ? liveSentence(view.feed) : "");
      liveText.dataset.state = on ? view.feed.state : "off";
      showColumns(view.columns);
    },
  };

  function showColumns(names) {
    columns.hidden = names.length === 0;
    if (columns.dataset.names === names.join()) return;
    columns.dataset.names = names.join();
    replace(
      columns,
      "Columns ",
      names.map((name) =>
        h(
          "button",
          {
            type: "button",
            class: "button log-choice",
            "aria-label": `Remove the column ${name}`,
            onclick: () => actions.onColumn(name),
          },
          name,
          icon("close"),
        )
      ),
    );
  }
}

/** What a live list does, in a sentence. */
export function liveSentence(feed) {
  const parts = [STATES[feed.state] ?? ""];
  if (feed.message && feed.state !== "lost") parts[0] += ` (${feed.message})`;
  if (feed.state === "live" || feed.state === "polling") parts.push(`${rateText(feed.rate())} lines a second`);
  if (feed.paused === "scrolled") parts.push("paused, because you scrolled away from the newest line");
  if (feed.paused === "asked") parts.push("paused");
  if (feed.letGo) {
    parts.push(`${feed.letGo.toLocaleString("en")} of those that wait were let go; “load older” has them`);
  }
  return `${parts.join(" · ")}.`;
}

function rateText(rate) {
  return rate >= 10 ? String(Math.round(rate)) : rate.toFixed(1);
}

function press(button, on) {
  button.setAttribute("aria-pressed", String(on));
}

/** Only a changed text is written, so that screen readers are told once. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
