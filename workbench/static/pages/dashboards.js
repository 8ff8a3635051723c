/** The list of dashboards: which there are, what each is for, and a box to find one. */

import { dashboardAddress } from "../addresses.js";
import { h, replace, uniqueId } from "../ui/dom.js";
import { emptyState } from "../ui/states.js";

export const usesTime = false;
export const defaultRefresh = 0;

export function mount(root, { lab, url, setTitle, announce }) {
  setTitle("Dashboards");
  const id = uniqueId("search");
  const list = h("div", { class: "dashboards" });
  const box = h("input", {
    id,
    type: "search",
    value: url.get("q") ?? "",
    autocomplete: "off",
    placeholder: "Title, words of the description, tag",
    oninput: search,
  });
  replace(
    root,
    h(
      "header",
      { class: "dashboards-head" },
      h("h1", null, "Dashboards"),
      h("p", { class: "quiet" }, "The same files that Grafana shows, drawn here."),
      h("div", { class: "dashboards-search" }, h("label", { for: id }, "Find"), box),
    ),
    list,
  );

  function search() {
    url.set({ q: box.value.trim() || null });
    const found = show();
    announce(`${found} dashboards`);
  }

  function show() {
    const found = withWords(lab.dashboards ?? [], box.value);
    const groups = groupsOf(found, lab.systems ?? []);
    replace(
      list,
      found.length
        ? groups.map(groupOf)
        : emptyState("No dashboard has these words.", "Look for a tier, a signal, or clear the box."),
    );
    return found.length;
  }

  show();
  const end = url.onChange(() => {
    box.value = url.get("q") ?? "";
    show();
  });
  return { unmount: end };
}

/** Those in which every word occurs. Pure. */
export function withWords(dashboards, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return dashboards.filter(({ title, description = "", tags = [] }) => {
    const all = `${title} ${description} ${tags.join(" ")}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

/** By the system that they are about; those of the lab itself come last. Pure. */
export function groupsOf(dashboards, systems) {
  const groups = systems.map(({ title, name, dashboards: uids = [] }) => ({
    title: title || name,
    // In the system's own order, which begins where a reader should.
    dashboards: uids.flatMap((uid) => dashboards.filter((dashboard) => dashboard.uid === uid)),
  }));
  const taken = new Set(groups.flatMap((group) => group.dashboards.map(({ uid }) => uid)));
  const rest = { title: "The lab itself", dashboards: dashboards.filter(({ uid }) => !taken.has(uid)) };
  return [...groups, rest].filter((group) => group.dashboards.length > 0);
}

function groupOf({ title, dashboards }) {
  return h("section", null, h("h2", null, title), h("ul", { class: "dashboards-list" }, dashboards.map(entryOf)));
}

function entryOf({ uid, title, description, tags = [] }) {
  return h(
    "li",
    null,
    h("a", { href: dashboardAddress(uid) }, title),
    h("p", { class: "quiet" }, description),
    h("p", { class: "dashboards-tags" }, tags.map((tag) => h("span", { class: "tag" }, tag))),
  );
}
