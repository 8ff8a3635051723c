import { h } from "../ui/dom.js";

export const usesTime = true;
export const defaultRefresh = 0;

export function mount(root, { setTitle }) {
  setTitle("Map");
  root.append(h("h1", {}, "Map"), h("p", {}, "This page is on its way."));
  return { unmount() {} };
}
