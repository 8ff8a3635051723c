/** The same panes in Grafana's Explore. */
import { toGrafanaExplore } from "../grafana_addresses.js";
import { kindOf } from "./asking.js";

/**
 * @param {string} grafanaUrl
 * @param {import("./state.js").Pane[]} panes - one or two
 * @param {{from: string, to: string}} texts - the page's time
 */
export function toGrafana(grafanaUrl, panes, texts) {
  const told = panes.map((pane) => {
    const kind = kindOf(pane);
    return { ...pane, table: kind === "traces" || kind === "spans" ? kind : undefined };
  });
  return toGrafanaExplore(grafanaUrl, told, texts);
}
