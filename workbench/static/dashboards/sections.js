/**
 * The grid of a dashboard: rows with their panels, from the flat list of the JSON. Heights are in units of the grid.
 */

/** Of the width of a dashboard. */
export const COLUMNS = 24;

/**
 * @param {Array<Object>} panels of the JSON
 * @returns {Array<{id: number|null, title: string|null, collapsed: boolean, panels: Array<{panel: Object, x: number,
 *   y: number, w: number, h: number}>}>} the first section has no title when panels stand above the first row; y counts
 *   from the top of the section
 */
export function sectionsOf(panels) {
  const ordered = [...panels].sort((one, other) =>
    placeOf(one).y - placeOf(other).y || placeOf(one).x - placeOf(other).x
  );
  const sections = [];
  for (const panel of ordered) {
    if (panel.type === "row") {
      sections.push({
        id: panel.id,
        title: panel.title ?? "",
        collapsed: Boolean(panel.collapsed),
        panels: [...(panel.panels ?? [])],
      });
    } else {
      if (sections.length === 0) {
        sections.push({ id: null, title: null, collapsed: false, panels: [] });
      }
      sections.at(-1).panels.push(panel);
    }
  }
  return sections.map((section) => ({ ...section, panels: placed(section.panels) }));
}

function placed(panels) {
  const top = Math.min(...panels.map((panel) => placeOf(panel).y));
  return panels.map((panel) => {
    const { x, y, w, h } = placeOf(panel);
    return { panel, x, y: y - top, w, h };
  });
}

function placeOf({ gridPos = {} }) {
  const { x = 0, y = 0, w = 12, h = 8 } = gridPos;
  return { x, y, w: Math.min(w, COLUMNS - x), h };
}

/** Every panel that draws something, those of collapsed rows included. */
export function drawnPanels(panels) {
  return panels.flatMap((panel) => (panel.type === "row" ? (panel.panels ?? []) : [panel]));
}
