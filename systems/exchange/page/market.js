/** The book and the trades of one symbol. */

import { byId, h, number, replace, table } from "./dom.js";
import { dollars, shares } from "./money.js";

const LEVELS = 10;
const TRADES = 20;

/** @param {Array<[number, number]>} bids [price in cents, shares], best first; asks likewise. */
export function showBook(symbol, bids, asks) {
  const most = Math.max(1, ...[...bids, ...asks].slice(0, 2 * LEVELS).map(([, quantity]) => quantity));
  replace(
    byId("book"),
    h("h2", { id: "book-title" }, `Book of ${symbol}`),
    h(
      "div",
      { class: "book" },
      h("div", { class: "bids" }, side(`Buyers of ${symbol}`, "buy", bids, most)),
      h("div", { class: "asks" }, side(`Sellers of ${symbol}`, "sell", asks, most)),
    ),
  );
}

/** @param {Array<Object>} trades newest first */
export function showTrades(symbol, trades) {
  const rows = trades
    .slice(0, TRADES)
    .map((trade) =>
      h(
        "tr",
        null,
        h("td", null, new Date(trade.created_at).toLocaleTimeString("en-GB")),
        number(dollars(trade.price_cents), trade.taker_side),
        number(shares(trade.quantity)),
      ),
    );
  replace(
    byId("trades"),
    h("h2", { id: "trades-title" }, `Trades of ${symbol}`),
    rows.length === 0
      ? h("p", { class: "quiet" }, "Nobody has traded yet.")
      : table(`Trades of ${symbol}`, [{ title: "Time" }, { title: "Price", number: true }, { title: "Shares", number: true }], rows),
  );
}

function side(caption, kind, levels, most) {
  const rows = levels
    .slice(0, LEVELS)
    .map(([price, quantity]) =>
      h(
        "tr",
        { class: "level", share: `${Math.round((100 * quantity) / most)}%` },
        number(dollars(price), kind),
        number(shares(quantity)),
      ),
    );
  const titles = [{ title: kind === "buy" ? "Bid" : "Ask", number: true }, { title: "Shares", number: true }];
  return rows.length === 0 ? h("p", { class: "quiet" }, `No ${kind === "buy" ? "buyers" : "sellers"}.`) : table(caption, titles, rows);
}
