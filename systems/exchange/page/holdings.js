/** What is one's own: wallet, orders, positions. */

import { ask } from "./api.js";
import { byId, h, number, replace, table } from "./dom.js";
import { note } from "./journal.js";
import { cents, count, dollars, shares } from "./money.js";

const OPEN = new Set(["NEW", "OPEN", "PARTIALLY_FILLED"]);

/**
 * @param {Array<string>} symbols
 * @param {function()} changed called when something was paid in or cancelled
 */
export function holdings(symbols, changed) {
  const money = h("input", { id: "funds", inputmode: "decimal", autocomplete: "off", value: "10000" });
  const brought = h("input", { id: "brought", inputmode: "numeric", autocomplete: "off", value: "100" });
  const which = h("select", { id: "brought-symbol" }, symbols.map((symbol) => h("option", { value: symbol }, symbol)));
  const balances = h("div", null);
  replace(
    byId("wallet"),
    h("h2", { id: "wallet-title" }, "Wallet"),
    balances,
    h(
      "form",
      { class: "row", onsubmit: (event) => payIn(event) },
      h("label", { for: "funds" }, "Dollars", money),
      h("button", { type: "submit" }, "Add funds"),
    ),
    h(
      "form",
      { class: "row", onsubmit: (event) => bring(event) },
      h("label", { for: "brought" }, "Shares", brought),
      h("label", { for: "brought-symbol" }, "of", which),
      h("button", { type: "submit" }, "Add shares"),
    ),
  );

  async function payIn(event) {
    event.preventDefault();
    const amount = cents(money.value);
    if (amount === null) {
      note("Nothing paid in: an amount is dollars above 0 with at most two decimals", null, true);
      return;
    }
    await add("/wallet/add-funds", { amount_cents: amount }, `$${dollars(amount)} paid in`);
  }

  async function bring(event) {
    event.preventDefault();
    const quantity = count(brought.value);
    if (quantity === null) {
      note("Nothing added: shares are a whole number above 0", null, true);
      return;
    }
    await add("/wallet/add-shares", { symbol: which.value, quantity }, `${shares(quantity)} ${which.value} added`);
  }

  async function add(path, body, sentence) {
    try {
      const { traceId } = await ask("POST", path, body);
      note(sentence, traceId);
    } catch (error) {
      note(`Nothing added: ${error.message}`, error.traceId, true);
    }
    changed();
  }

  async function cancel(order, button) {
    button.disabled = true;
    try {
      const { traceId } = await ask("DELETE", `/v1/order/${order.id}`);
      note(`Order ${order.id} cancelled`, traceId);
    } catch (error) {
      note(`Order ${order.id} not cancelled: ${error.message}`, error.traceId, true);
    }
    changed();
  }

  return {
    /** Of somebody else: what was shown is nobody's business any more. */
    forget() {
      replace(balances);
      for (const id of ["orders", "positions"]) {
        replace(byId(id));
      }
    },
    /** What /wallet answers with. */
    showWallet(wallet) {
      const rows = wallet.balances.map((each) => {
        const write = each.asset === "USD" ? dollars : shares;
        return h("tr", null, h("td", null, each.asset), number(write(each.available)), number(write(each.blocked)));
      });
      const columns = [{ title: "Asset" }, { title: "Available", number: true }, { title: "Blocked", number: true }];
      replace(
        balances,
        rows.length === 0 ? h("p", { class: "quiet" }, "Empty. Add funds to begin.") : table("Wallet", columns, rows),
      );
    },
    /** What /v1/orders answers with. */
    showOrders(answer) {
      const rows = answer.orders.map((order) => {
        const button = h("button", { type: "button", "aria-label": `Cancel order ${order.id}` }, "Cancel");
        button.addEventListener("click", () => cancel(order, button));
        return h(
          "tr",
          { "data-order": order.id },
          h("td", null, order.id),
          h("td", { class: order.side }, order.side),
          h("td", null, order.symbol),
          number(order.type === "market" ? "market" : dollars(order.price_cents)),
          number(`${shares(order.filled)} / ${shares(order.quantity)}`),
          h("td", null, [order.status.toLowerCase().replaceAll("_", " "), order.reason ? ` (${order.reason.replaceAll("_", " ")})` : ""]),
          h("td", null, OPEN.has(order.status) ? button : null),
        );
      });
      const columns = [
        { title: "Order" },
        { title: "Side" },
        { title: "Symbol" },
        { title: "Limit", number: true },
        { title: "Filled", number: true },
        { title: "State" },
        { title: "Action" },
      ];
      replace(
        byId("orders"),
        h("h2", { id: "orders-title" }, "Your orders"),
        rows.length === 0 ? h("p", { class: "quiet" }, "None yet.") : table("Your orders", columns, rows),
      );
    },
    /** What /reports/positions answers with. */
    showPositions(answer) {
      const rows = answer.positions.map((each) =>
        h(
          "tr",
          { "data-position": each.symbol },
          h("td", null, each.symbol),
          number(shares(each.quantity)),
          number(each.average_price_cents === null ? "–" : dollars(each.average_price_cents)),
          number(dollars(each.market_value_cents)),
          profit(each.unrealised_pnl_cents),
          profit(each.realised_pnl_cents),
        ),
      );
      const columns = [
        { title: "Symbol" },
        { title: "Shares", number: true },
        { title: "Average price", number: true },
        { title: "Value", number: true },
        { title: "Unrealised", number: true },
        { title: "Realised", number: true },
      ];
      replace(
        byId("positions"),
        h("h2", { id: "positions-title" }, "Positions"),
        rows.length === 0 ? h("p", { class: "quiet" }, "None yet.") : table("Positions", columns, rows),
      );
    },
  };
}

function profit(value) {
  const kinds = { "-1": "sell", 0: null, 1: "buy" };
  return number((value > 0 ? "+" : "") + dollars(value), kinds[Math.sign(value)]);
}
