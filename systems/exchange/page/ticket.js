/** The order ticket. */

import { ask } from "./api.js";
import { byId, h, replace } from "./dom.js";
import { note } from "./journal.js";
import { cents, count, dollars } from "./money.js";

/**
 * @param {function(): {symbol: string, tick_cents: number}} chosen the instrument whose book is shown
 * @param {function()} placed called when an order was placed
 */
export function showTicket(chosen, placed) {
  const quantity = h("input", { id: "quantity", inputmode: "numeric", autocomplete: "off", value: "10", required: true });
  const price = h("input", { id: "limit", inputmode: "decimal", autocomplete: "off", required: true });
  const submit = h("button", { type: "submit", class: "main" }, "Place the order");
  const form = h(
    "form",
    { onsubmit: (event) => place(event), onchange: () => adapt() },
    h("fieldset", { role: "radiogroup", "aria-label": "Side" }, choice("side", "buy", "Buy", true), choice("side", "sell", "Sell")),
    h(
      "fieldset",
      { role: "radiogroup", "aria-label": "Type" },
      choice("type", "limit", "Limit", true),
      choice("type", "market", "Market"),
    ),
    h(
      "div",
      { class: "row" },
      h("label", { for: "quantity" }, "Shares", quantity),
      h("label", { for: "limit" }, "Limit in dollars", price),
    ),
    submit,
    h("p", { class: "quiet" }, "A market order trades at once within five percent of the best price, or not at all."),
  );
  replace(byId("ticket"), h("h2", { id: "ticket-title" }, "Order"), form);

  /** What was sent last, and under which name, until an answer says what became of it. */
  let unanswered = null;

  /** The same ticket once more, while nobody knows what became of the first, is the same order. */
  function named(ticket) {
    const text = JSON.stringify(ticket);
    if (unanswered?.text !== text) {
      unanswered = { text, id: crypto.randomUUID() };
    }
    return { ...ticket, client_order_id: unanswered.id };
  }

  function adapt() {
    const isMarket = form.elements.type.value === "market";
    price.disabled = isMarket;
    price.required = !isMarket;
  }

  async function place(event) {
    event.preventDefault();
    const { symbol } = chosen();
    const side = form.elements.side.value;
    const type = form.elements.type.value;
    const shares = count(quantity.value);
    const limit = type === "market" ? null : cents(price.value);
    if (shares === null || (type === "limit" && limit === null)) {
      note("Not placed: shares are a whole number above 0, and a limit is dollars with at most two decimals", null, true);
      return;
    }
    const ticket = { symbol, side, type, quantity: shares, ...(limit === null ? {} : { price_cents: limit }) };
    submit.disabled = true;
    try {
      const { content, traceId } = await ask("POST", "/v1/order", named(ticket));
      unanswered = null;
      const at = limit === null ? "at the market" : `at ${dollars(limit)}`;
      note(`Order ${content.order.id} placed: ${side} ${shares} ${symbol} ${at}`, traceId);
    } catch (error) {
      if (error.status === 0 || error.status >= 500) {
        note(`Perhaps not placed: ${error.message}. Place it again: it will not be placed twice`, error.traceId, true);
      } else {
        unanswered = null;
        note(`Not placed: ${error.message}`, error.traceId, true);
      }
    } finally {
      submit.disabled = false;
      placed();
    }
  }

  return {
    /** Proposes a limit, unless somebody has typed one. */
    propose(priceCents) {
      if (price.value === "" || price.dataset.proposed === price.value) {
        price.value = dollars(priceCents).replaceAll(",", "");
        price.dataset.proposed = price.value;
      }
    },
    /** Of another symbol. */
    forget() {
      price.value = "";
    },
  };
}

function choice(name, value, text, isChosen) {
  return h("label", null, h("input", { type: "radio", name, value, checked: isChosen ?? false }), text);
}
