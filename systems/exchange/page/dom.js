/** Making elements. Text is always a text node: a name that somebody else chose cannot become markup. */

/**
 * @param {string} tag
 * @param {Object<string, *>?} attributes `on<event>` with a function; `true` is an attribute without a value.
 * @param {...(Node|string|number|Array|null|false)} children
 */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else if (name === "share") {
      element.style.setProperty("--share", value);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...flat(children));
  return element;
}

/**
 * Puts children in the place of those that a node has. What the reader does meanwhile goes on in those that are called
 * the same: the focus stays, and so does what was scrolled to.
 */
export function replace(node, ...children) {
  const focused = node.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  const scrolled = new Map(labelled(node).map((each) => [nameOf(each), [each.scrollLeft, each.scrollTop]]));
  node.replaceChildren(...flat(children));
  for (const each of labelled(node)) {
    [each.scrollLeft, each.scrollTop] = scrolled.get(nameOf(each)) ?? [0, 0];
    if (focused !== null && nameOf(each) === focused) {
      each.focus({ preventScroll: true });
    }
  }
}

function labelled(node) {
  return [...node.querySelectorAll("[aria-label]")];
}

function nameOf(element) {
  return element.getAttribute("aria-label");
}

/** The element with this id, which is in the page. */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * A table; numbers stand to the right.
 *
 * @param {Array<{title: string, number?: boolean}>} columns
 * @param {Array<Node>} rows
 */
export function table(caption, columns, rows) {
  const heads = columns.map((each) => h("th", { scope: "col", class: each.number ? "number" : null }, each.title));
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
    h("table", null, h("thead", null, h("tr", null, heads)), h("tbody", null, rows)),
  );
}

/** A cell with a number. */
export function number(text, kind) {
  return h("td", { class: kind ? `number ${kind}` : "number" }, text);
}

function flat(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}
