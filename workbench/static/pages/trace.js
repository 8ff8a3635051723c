/** The trace page: `/trace/{id}` shows one, `/trace` finds one. */

import { tracesAddress } from "../addresses.js";
import { toGrafanaTrace } from "../grafana_addresses.js";
import { h, replace } from "../ui/dom.js";
import { errorState, loading } from "../ui/states.js";
import { flatSpans, traceIdIn } from "../trace/otlp.js";
import { loadTrace } from "../trace/loading.js";
import { tracePicker } from "../trace/picker.js";
import { traceView } from "../trace/trace_view.js";

/** A trace has its own time; the list of traces has the header's. */
export const usesTime = (path) => !/^\/trace\/./.test(path);
export const defaultRefresh = 0;

export function mount(root, context) {
  const { url, signal } = context;
  let part = null;
  const text = decodeURIComponent(url.path.replace(/^\/trace\/?/, ""));
  if (text) open();
  else {
    context.setTitle("Traces");
    part = tracePicker(root, { context });
  }

  async function open() {
    const id = traceIdIn(text);
    if (!id) {
      context.setTitle("No trace id");
      replace(root, malformed(text));
      return;
    }
    context.setTitle(`Trace ${id.slice(0, 8)}`);
    context.openInGrafana?.(context.lab.grafanaUrl ? toGrafanaTrace(context.lab.grafanaUrl, id) : null);
    const timer = setTimeout(() => replace(root, loading("Getting the trace")), 150);
    try {
      const answer = await loadTrace(id, {
        signal,
        onWaiting: (look, looks) => {
          clearTimeout(timer);
          replace(root, waiting(id, look, looks));
        },
      });
      clearTimeout(timer);
      if (signal.aborted) return;
      root.replaceChildren();
      if (!answer) root.append(notFound(id, open));
      else {
        const first = flatSpans(answer).find((span) => !span.parentSpanId);
        if (first) context.setTitle(`${first.name} · trace ${id.slice(0, 8)}`);
        part = traceView(root, { answer, context });
      }
    } catch (error) {
      clearTimeout(timer);
      if (!signal.aborted) replace(root, errorState(error, { retry: open }));
    }
  }

  const unfollow = url.onChange(() => part?.follow());
  return {
    unmount() {
      unfollow();
      part?.destroy();
    },
  };
}

function waiting(id, look, looks) {
  return h(
    "div",
    { class: "state trace-waiting", role: "status" },
    h("p", { class: "state-title" }, "Not found: it may still be on its way"),
    h("p", { class: "state-message" }, h("code", null, id)),
    h(
      "p",
      { class: "state-hint" },
      h("span", { class: "spinner", "aria-hidden": "true" }),
      ` Looks again (${look} of ${looks}).`,
    ),
  );
}

function notFound(id, again) {
  return h(
    "div",
    { class: "state state-error", role: "alert" },
    h("p", { class: "state-title" }, "There is no such trace"),
    h("p", { class: "state-message" }, h("code", null, id)),
    h("p", null, "It may be that"),
    h(
      "ul",
      { class: "state-reasons" },
      h(
        "li",
        null,
        "its service is cut off from Tempo and still keeps it: ",
        h("code", null, "lab status"),
        " tells whether spans arrive;",
      ),
      h("li", null, "it was never kept: a service may send only a sample of its traces;"),
      h("li", null, "it is older than what Tempo keeps;"),
      h("li", null, "the id is of another lab, or of something else: a span's id has 16 digits, a trace's 32."),
    ),
    h(
      "p",
      { class: "trace-actions" },
      h("button", { type: "button", class: "button button-primary", onclick: again }, "Look again"),
      h("a", { class: "button", href: tracesAddress() }, "Recent traces"),
    ),
  );
}

function malformed(text) {
  return h(
    "div",
    { class: "state state-error", role: "alert" },
    h("p", { class: "state-title" }, "This is no trace id"),
    h("p", { class: "state-message" }, h("code", null, text.slice(0, 200))),
    h(
      "p",
      { class: "state-hint" },
      "An id is 32 hex digits (0–9, a–f), as in a log line's trace_id or the X-Trace-Id header of an answer. ",
      "Nothing was asked.",
    ),
    h(
      "p",
      { class: "trace-actions" },
      h("a", { class: "button button-primary", href: tracesAddress() }, "Recent traces"),
    ),
  );
}
