/**
 * Making elements. Text is always a text node and a style always goes through the CSSOM, so nothing that comes from
 * telemetry can become markup, and the content security policy needs no exception.
 */

const SVG = "http://www.w3.org/2000/svg";

/** What is set as a property, because the attribute of the same name means only the first value. */
const PROPERTIES = new Set(["value", "checked", "indeterminate", "selected", "open", "scrollTop"]);

/** Attributes that hold an address. */
const ADDRESSES = new Set(["href", "src", "action", "formaction"]);

/**
 * An HTML element.
 *
 * @param {string} tag
 * @param {Object<string, *>?} attributes `class`; `on<event>` with a function; `style` with an object of CSS properties
 *   (`{"--colour": "red", width: "3px"}`); `true` is an attribute without a value, `false` and null are none.
 * @param {...(Node|string|number|Array|null|false)} children strings become text, arrays are flattened.
 * @returns {HTMLElement}
 */
export function h(tag, attributes, ...children) {
  return build(document.createElement(tag), attributes, children);
}

/** An SVG element; as `h`. */
export function svg(tag, attributes, ...children) {
  return build(document.createElementNS(SVG, tag), attributes, children);
}

/** Puts children in the place of those that a node has; returns the node. */
export function replace(node, ...children) {
  node.replaceChildren(...flat(children));
  return node;
}

/** Adds children to a node; returns the node. */
export function append(node, ...children) {
  node.append(...flat(children));
  return node;
}

/**
 * An address that is safe to follow: of our own pages, or http(s). Null for anything else (`javascript:`, `data:`, …).
 *
 * @param {string} address
 */
export function safeAddress(address) {
  try {
    const url = new URL(String(address), document.baseURI);
    const ours = ["http:", "https:"].includes(url.protocol) ||
      (url.protocol === "blob:" && url.origin === location.origin);
    return ours ? String(address) : null;
  } catch {
    return null;
  }
}

let lastId = 0;

/** An id that no other element of this page has. */
export function uniqueId(prefix = "id") {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    set(element, name, value);
  }
  element.append(...flat(children));
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined) {
    return;
  }
  if (name.startsWith("on")) {
    if (typeof value === "function") {
      element.addEventListener(name.slice(2).toLowerCase(), value);
    }
  } else if (name === "style") {
    for (const [property, setting] of Object.entries(value)) {
      if (setting !== null && setting !== undefined) {
        element.style.setProperty(hyphenated(property), String(setting));
      }
    }
  } else if (PROPERTIES.has(name) && name in element) {
    element[name] = value;
  } else if (name.startsWith("aria-")) {
    // Of aria-expanded and its like "false" is a value, not an absence.
    element.setAttribute(name, String(value));
  } else if (value !== false) {
    if (ADDRESSES.has(name) && safeAddress(value) === null) {
      return;
    }
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

function hyphenated(property) {
  return property.startsWith("--") ? property : property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function flat(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false && child !== true)
    .map((child) => (child instanceof Node ? child : String(child)));
}
