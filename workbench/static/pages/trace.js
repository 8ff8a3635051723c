import { h } from "../ui/dom.js";

export const usesTime = true;
export const defaultRefresh = 0;

export function mount(root, { setTitle }) {
  setTitle("Traces");
  root.append(h("h1", {}, "Traces"), h("p", {}, "This page is on its way."));
  return { unmount() {} };
}
