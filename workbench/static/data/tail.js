/** Following a query over a WebSocket, for as long as somebody wants to. */

import { errorOfSilence } from "./api_error.js";
import { linesOf } from "./log_line.js";
import { nanosText } from "./numbers.js";

/** Between two attempts, in seconds: doubled each time. */
const FIRST_PAUSE = 0.5;
const LONGEST_PAUSE = 15;

/** Lines that are remembered, so that those that come again after a reconnection are not shown twice. */
const REMEMBERED = 2000;

/** As `tail` of loki.js, at a path of this server. */
export function follow(path, q, { onLines, onState = () => {}, from }) {
  let socket = null;
  let closed = false;
  let pause = FIRST_PAUSE;
  let timer = null;
  let since = from ?? Date.now() / 1000;
  const seen = new Set();

  const connect = () => {
    onState("connecting");
    const params = new URLSearchParams({ query: q, start: nanosText(since), limit: "1000" });
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}${path}?${params}`);
    socket.addEventListener("open", () => {
      pause = FIRST_PAUSE;
      onState("open");
    });
    socket.addEventListener("message", (event) => receive(event.data));
    socket.addEventListener("close", (event) => {
      if (!closed) {
        onState("lost", lossOf(event));
        timer = setTimeout(connect, pause * 1000);
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      }
    });
  };

  const receive = (text) => {
    const message = JSON.parse(text);
    const lines = linesOf(message.streams ?? [], "forward").filter(({ id }) => !seen.has(id));
    for (const line of lines) {
      seen.add(line.id);
      // The next connection begins where this one was.
      since = Math.max(since, line.time);
    }
    forget(seen);
    const dropped = message.dropped_entries?.length ?? 0;
    if (lines.length > 0 || dropped > 0) {
      onLines(lines, dropped);
    }
  };

  connect();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      socket.close();
    },
  };
}

function forget(seen) {
  for (const id of seen) {
    if (seen.size <= REMEMBERED) {
      return;
    }
    seen.delete(id);
  }
}

function lossOf(event) {
  const error = errorOfSilence("loki");
  error.message = event.reason || "The connection to Loki's live tail was lost.";
  return error;
}
