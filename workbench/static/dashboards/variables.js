/**
 * The variables of a dashboard: what is chosen, as the address and the JSON say, and what there is to choose from.
 *
 * A choice is a list of values, `[$__all]` for all of them. Filling values into queries is the server's part.
 */

import { compared, expressionOf } from "./transformations.js";

/** Stands for all values, in Grafana's JSON and addresses. */
export const ALL = "$__all";

const PREFIX = "var-";

/**
 * What is chosen, by a variable's name.
 *
 * @param {Array<Object>} variables `templating.list` of the JSON
 * @param {function(string): string[]} all every value of a parameter of the address
 * @returns {Object<string, string[]>}
 */
export function chosenOf(variables, all) {
  return Object.fromEntries(
    variables.map((variable) => {
      const asked = all(PREFIX + variable.name);
      return [variable.name, asked.length > 0 ? normal(variable, asked) : defaultOf(variable)];
    }),
  );
}

/** A choice as parameters of the address; null, which takes the parameter out, when it is how the dashboard opens. */
export function parametersOf(variable, chosen) {
  const usual = JSON.stringify(chosen) === JSON.stringify(defaultOf(variable));
  return { [PREFIX + variable.name]: usual ? null : chosen };
}

/** Parameters for a question to the server: every variable, also one whose choice is empty text. */
export function parametersForQuestions(chosen) {
  return Object.fromEntries(Object.entries(chosen).map(([name, values]) => [PREFIX + name, values]));
}

/** How a dashboard opens. */
export function defaultOf({ type, current = {}, query, options = [] }) {
  const value = current?.value ?? (type === "textbox" || type === "constant" ? (query ?? "") : options[0]?.value);
  return value === undefined ? [] : [value].flat().map(String);
}

/** "All" is said in two ways in addresses, and stands for itself alone. */
function normal(variable, asked) {
  const values = asked.map((value) => (value === "All" && variable.includeAll ? ALL : value));
  return values.includes(ALL) ? [ALL] : variable.multi ? values : values.slice(0, 1);
}

/**
 * What there is to choose from.
 *
 * @param {Object} variable of the JSON
 * @param {string[]} values as they were found, for a variable of type `query`
 * @returns {Array<{value: string, text: string}>} "All" first, where it may be chosen
 */
export function optionsOf(variable, values = []) {
  const own = variable.type === "query" ? listed(variable, values) : (variable.options ?? []).map(asOption);
  const rest = own.filter(({ value }) => value !== ALL);
  return variable.includeAll ? [{ value: ALL, text: "All" }, ...rest] : rest;
}

function asOption({ value, text }) {
  return { value: String([value].flat()[0]), text: String([text].flat()[0]) };
}

/** Values that the variable's regular expression keeps, in its order. */
function listed({ regex, sort = 0 }, values) {
  const expression = regex ? expressionOf(regex) : null;
  const kept = [...new Set(values)].flatMap((value) => {
    const found = expression?.exec(value);
    return expression === null ? [value] : found ? [found.groups?.value ?? found[1] ?? value] : [];
  });
  if (sort > 0) {
    // Odd numbers sort up, even ones down; 3 and 4 are numerical.
    kept.sort((one, other) => (sort > 2 ? compared(Number(one), Number(other)) : compared(one, other)));
    if (sort % 2 === 0) {
      kept.reverse();
    }
  }
  return [...new Set(kept)].map((value) => ({ value, text: value }));
}

/** A choice in words: "All", "p95", "frontend + backend", "5 of 12". */
export function choiceText(chosen, options) {
  if (chosen.length === 0) {
    return "none";
  }
  const texts = chosen.map((value) =>
    options.find((option) => option.value === value)?.text ?? (value === ALL ? "All" : value)
  );
  return texts.length > 3 ? `${texts.length} chosen` : texts.join(" + ");
}
