/** Where a beginner starts: the ready questions, with what each tells. */
import { h, replace } from "../ui/dom.js";
import { SOURCES } from "./state.js";

/** Stands for a trace's id in a question: whoever has one asks it from there. */
const TRACE_ID = "{trace_id}";

/** Which questions can be asked as they are. */
export function ready(questions) {
  return questions.filter(({ query }) => !query.includes(TRACE_ID));
}

/**
 * @param {HTMLElement} root
 * @param {{questions: Array<{title, tells, dataSource, view, query, minutes}>, source: string,
 *   onQuestion: (question: object) => void}} options - the source that the pane asks comes first
 */
export function startPanel(root, { questions, source, onQuestion }) {
  const order = [source, ...Object.keys(SOURCES).filter((other) => other !== source)];
  const groups = order.map((name) => {
    const { title, api } = SOURCES[name];
    const own = ready(questions).filter(({ dataSource }) => dataSource === name);
    return own.length > 0
      ? h(
        "section",
        { class: "start-group" },
        h("h3", {}, title, h("span", { class: "quiet" }, ` from ${api}`)),
        h("ul", {}, own.map((question) => row(question, onQuestion))),
      )
      : null;
  });
  replace(
    root,
    h("h2", {}, "Where to begin"),
    h(
      "p",
      { class: "quiet" },
      "Ask one of these, then change its query, or write your own above: Ctrl+Space shows what can stand there.",
    ),
    h("div", { class: "start-groups" }, groups),
  );
}

function row(question, onQuestion) {
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: "start-question", title: question.query, onclick: () => onQuestion(question) },
      h("span", { class: "start-title" }, question.title),
      h("span", { class: "start-tells" }, withCode(question.tells)),
    ),
  );
}

/** `text` between backticks, as code. */
function withCode(text) {
  return text.split("`").map((part, i) => (i % 2 === 1 ? h("code", {}, part) : part));
}
