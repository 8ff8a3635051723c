/** Explore: PromQL, LogQL and TraceQL, with answers as graphs, tables, lines, traces and maps. */
import { explore } from "../explore/explore.js";

export const usesTime = true;
export const defaultRefresh = 0;

export function mount(root, context) {
  const page = explore(root, context);
  return { unmount: () => page.destroy() };
}
