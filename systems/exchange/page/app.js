/** Puts the trading page together: what is shown, when it is asked for, and what comes by itself. */

import { ask } from "./api.js";
import { showDoor } from "./door.js";
import { byId, h, replace } from "./dom.js";
import { holdings } from "./holdings.js";
import { linkTraces, note, showJournal } from "./journal.js";
import { showBook, showTrades } from "./market.js";
import { dollars, shares } from "./money.js";
import { current, end } from "./session.js";
import { Stream } from "./stream.js";
import { showTicket } from "./ticket.js";

/** How often the market is asked for while it does not come by itself, and one's own in any case. */
const POLL_MILLISECONDS = 2_000;
const OWN_MILLISECONDS = 10_000;
/** After an order something changes in other services, too: these are asked a moment later. */
const AFTERWARDS_MILLISECONDS = 400;
const MOST_HEARD = 500;
const OWN = ["ticket", "wallet", "orders", "positions"];

const select = byId("symbol");
let instruments = [];
let symbol = "";
const heard = new Set();
let trades = [];
let own = null;
let ticket = null;
let afterwards = null;
let stream = null;
/** By what is asked for, why it did not come: it is told once, not at every attempt. */
const missing = new Map();

showJournal();
await begin();

async function begin() {
  try {
    const [settings, market] = await Promise.all([ask("GET", "/page/settings.json"), ask("GET", "/market/instruments")]);
    came("market");
    instruments = market.content.instruments;
    linkTraces(settings.content.trace_url_template);
    stream = new Stream(settings.content.stream_url, {
      message: hear,
      changed: tellStream,
      refused: () => leave("You have been logged out: log in again"),
    });
  } catch (error) {
    didNotCome("market", error);
    setTimeout(begin, POLL_MILLISECONDS);
    return;
  }
  tellStream();
  replace(
    select,
    instruments.map((each) => h("option", { value: each.symbol }, `${each.symbol} — ${each.company}`)),
  );
  const named = decodeURIComponent(location.hash.slice(1));
  symbol = (instruments.find((each) => each.symbol === named) ?? instruments[0]).symbol;
  select.value = symbol;
  select.addEventListener("change", () => choose(select.value));
  ticket = showTicket(() => instruments.find((each) => each.symbol === symbol), refreshSoon);
  own = holdings(
    instruments.map((each) => each.symbol),
    refreshSoon,
  );
  showDoor(enter);
  showAccount();
  if (current() !== null) {
    enter();
  }
  refreshMarket();
  setInterval(() => stream.connected() || document.hidden || refreshMarket(), POLL_MILLISECONDS);
  setInterval(() => document.hidden || refreshOwn(), OWN_MILLISECONDS);
}

function choose(chosen) {
  symbol = chosen;
  // For who loads the page again, or hands its address on.
  history.replaceState(null, "", `#${chosen}`);
  ticket.forget();
  stream.follow([symbol]);
  refreshMarket();
}

function enter() {
  missing.clear();
  own.forget();
  showAccount();
  stream.open(current().token, [symbol]);
  refreshOwn();
}

function leave(sentence) {
  if (current() !== null) {
    end();
    stream.close();
    note(sentence, null, true);
    showAccount();
  }
}

function showAccount() {
  const session = current();
  byId("door").hidden = session !== null;
  for (const id of OWN) {
    byId(id).hidden = session === null;
  }
  replace(
    byId("account"),
    session === null
      ? null
      : [h("span", { id: "who" }, session.username), h("button", { type: "button", onclick: logOut }, "Log out")],
  );
}

async function logOut() {
  try {
    const { traceId } = await ask("POST", "/auth/logout");
    note("Logged out", traceId);
  } catch (error) {
    note(`Logged out here only: ${error.message}`, error.traceId, true);
  }
  end();
  stream.close();
  showAccount();
}

async function refreshMarket() {
  const asked = symbol;
  try {
    const [depth, recent] = await Promise.all([
      ask("GET", `/market/depth/${asked}`),
      ask("GET", `/market/trades/${asked}?limit=20`),
    ]);
    came("market");
    if (asked === symbol) {
      trades = recent.content.trades;
      showMarket(depth.content.bids, depth.content.asks);
    }
  } catch (error) {
    didNotCome("market", error);
  }
}

function showMarket(bids, asks) {
  const about = instruments.find((each) => each.symbol === symbol);
  const last = trades[0]?.price_cents ?? about.last_price_cents ?? about.reference_price_cents;
  byId("price").textContent = `${symbol} ${dollars(last)}`;
  document.title = `${symbol} ${dollars(last)} · The stock exchange`;
  showBook(symbol, bids, asks);
  showTrades(symbol, trades);
  ticket.propose(last);
}

async function refreshOwn() {
  if (current() === null) {
    return;
  }
  // Each by itself: a report that fails does not hide the orders.
  await Promise.all([
    show("wallet", "/wallet", (content) => own.showWallet(content)),
    show("list of orders", "/v1/orders?limit=20", (content) => own.showOrders(content)),
    show("report of positions", "/reports/positions", (content) => own.showPositions(content)),
  ]);
}

async function show(what, path, write) {
  const session = current();
  try {
    const { content } = await ask("GET", path);
    // Somebody else may have come in meanwhile.
    if (session === current()) {
      came(what);
      write(content);
    }
  } catch (error) {
    if (session !== current()) {
      return;
    }
    if (error.status === 401) {
      leave(`Logged out: ${error.message}`);
    } else {
      didNotCome(what, error);
    }
  }
}

function didNotCome(what, error) {
  if (missing.get(what) !== error.message) {
    note(`The ${what} may be out of date: ${error.message}`, error.traceId, true);
    missing.set(what, error.message);
  }
  tellStream();
}

function came(what) {
  if (missing.delete(what)) {
    note(`The ${what} is up to date again`, null);
    tellStream();
  }
}

function refreshSoon() {
  refreshOwn();
  clearTimeout(afterwards);
  afterwards = setTimeout(() => {
    refreshOwn();
    if (!stream.connected()) {
      refreshMarket();
    }
  }, AFTERWARDS_MILLISECONDS);
}

function hear(message) {
  if (message.type === "market_data" && message.symbol === symbol) {
    const known = new Set(trades.map((trade) => trade.execution_id));
    const fresh = message.trades.filter((trade) => !known.has(trade.execution_id));
    trades = [...fresh, ...trades].sort((one, other) => other.execution_id - one.execution_id).slice(0, 20);
    showMarket(message.bids, message.asks);
  } else if (isKnown(message)) {
    return;
  } else if (message.type === "fill") {
    const word = message.side === "buy" ? "bought" : "sold";
    note(
      `Order ${message.order_id}: ${word} ${shares(message.quantity)} ${message.symbol} at ${dollars(message.price_cents)}`,
      message.trace_id,
    );
    refreshSoon();
  } else if (message.type === "order_closed") {
    note(`Order ${message.order_id} is closed: ${message.reason.replaceAll("_", " ")}`, message.trace_id);
    refreshSoon();
  }
}

/** Whether it was heard before: a service that was started anew repeats the last seconds. */
function isKnown(message) {
  const key = `${message.type} ${message.order_id} ${message.execution_id ?? ""}`;
  if (heard.has(key)) {
    return true;
  }
  heard.add(key);
  if (heard.size > MOST_HEARD) {
    heard.delete(heard.values().next().value);
  }
  return false;
}

function tellStream() {
  const state = missing.has("market") ? "does not answer" : "asks every two seconds";
  byId("stream").textContent = stream?.connected() ? "live" : state;
}
