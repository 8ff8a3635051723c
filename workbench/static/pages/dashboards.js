import { h } from "../ui/dom.js";

export const usesTime = true;
export const defaultRefresh = 0;

export function mount(root, { setTitle }) {
  setTitle("Dashboards");
  root.append(h("h1", {}, "Dashboards"), h("p", {}, "This page is on its way."));
  return { unmount() {} };
}
