/** What one may want of a trace that was found. */
import { traceAddress } from "../addresses.js";
import { menu } from "../ui/menu.js";
import { questionsAboutLine } from "./correlations.js";

/**
 * @param {{traceId: string, rootService: string, rootName: string, start: number}} trace
 * @param {Element} anchor
 * @param {{openBeside: (question: import("./correlations.js").Question) => void}} tools
 */
export function traceMenu({ traceId, rootService, rootName, start }, anchor, { openBeside }) {
  const questions = questionsAboutLine({ labels: { service: rootService }, time: start, traceId });
  menu(
    anchor,
    [
      { heading: `${rootService} ${rootName}` },
      { text: "Open the trace", href: traceAddress(traceId) },
      ...questions.map((question) => ({
        text: `${question.title}, beside this`,
        onSelect: () => openBeside(question),
      })),
    ],
    { label: "About this trace" },
  );
}
