/** What is written and not handed in yet: it outlives a reload, not the browser. */

const PREFIX = "workbench.draft/";

/**
 * Puts back what was written into the fields of an element, and keeps what is written from now on.
 *
 * @param {HTMLElement} element
 * @param {string} name whose it is, and of what
 * @param {() => Storage} storage
 * @returns {{forget: () => void}}
 */
export function draft(element, name, storage = () => window.sessionStorage) {
  const fields = [...element.querySelectorAll("input, textarea")];
  put(fields, read(storage, PREFIX + name));
  element.addEventListener("input", () => write(storage, PREFIX + name, fields.map(valueOf)));
  return { forget: () => write(storage, PREFIX + name, null) };
}

function valueOf(field) {
  return field.type === "radio" ? field.checked : field.value;
}

function put(fields, values) {
  if (!Array.isArray(values) || values.length !== fields.length) return;
  fields.forEach((field, index) => {
    if (field.type === "radio") field.checked = values[index] === true;
    else field.value = String(values[index]);
  });
}

/** A browser may refuse to keep anything; then nothing is kept. */
function read(storage, key) {
  try {
    return JSON.parse(storage().getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function write(storage, key, values) {
  try {
    if (values === null) storage().removeItem(key);
    else storage().setItem(key, JSON.stringify(values));
  } catch {
    // As above.
  }
}
