/** Everybody's page: who takes part, and how far they are. */

import { h, replace } from "../../workbench/static/ui/dom.js";
import { ask, keepAsking } from "./asking.js";
import { drawRows, progressCell, tableOf } from "./rows.js";

const count = h("p", { class: "quiet" });
const teams = h("div", { class: "workshop-teams", role: "list", "aria-label": "Teams" });
const learners = tableOf("Learners", [
  { text: "Name" },
  { text: "Team" },
  { text: "At exercise" },
  { text: "Solved" },
  { text: "Points", class: "end" },
]);

replace(
  document.getElementById("page"),
  h(
    "div",
    { class: "workshop" },
    h("div", { class: "workshop-head" }, h("h1", {}, "Who is here"), count),
    teams,
    learners.element,
    h(
      "section",
      { class: "workshop-join", "aria-labelledby": "join" },
      h("h2", { id: "join" }, "Take part"),
      h("p", {}, "Beside your running lab, in a terminal, with a name that you choose:"),
      h("pre", {}, h("code", {}, `python3 lab workshop join ${location.origin} --name NAME --team TEAM`)),
      h(
        "p",
        { class: "quiet small" },
        "It shows your name, your team and your progress in the exercises here. A team is not needed. To disappear again: ",
        h("code", {}, "python3 lab workshop leave"),
      ),
    ),
  ),
);

keepAsking(() => ask("/api/roster"), draw);

function draw({ learners: all }) {
  const here = all.filter((one) => one.here).length;
  const text = all.length === 0 ? "Nobody yet." : here === all.length ? `${all.length} take part` : `${here} of ${all.length} here`;
  if (count.textContent !== text) count.textContent = text;
  learners.element.hidden = all.length === 0;
  const inOrder = [...all].sort((a, b) => b.points - a.points || b.solved - a.solved || a.name.localeCompare(b.name));
  drawRows(
    learners.body,
    inOrder,
    (one) => one.name,
    (one) => [
      { text: one.name },
      { text: one.team ?? "" },
      { text: one.here ? one.at : "away", class: one.here ? "workshop-at" : "faint" },
      progressCell(one),
      { text: one.points, class: "end" },
    ],
    (one) => (one.here ? "" : "workshop-away"),
  );
  drawTeams(all);
}

function drawTeams(all) {
  const totals = new Map();
  for (const { team, points } of all.filter((one) => one.team)) {
    const key = team.toLowerCase();
    const total = totals.get(key) ?? { team, points: 0, learners: 0 };
    totals.set(key, { ...total, points: total.points + points, learners: total.learners + 1 });
  }
  const best = [...totals.values()].sort((a, b) => b.points - a.points || a.team.localeCompare(b.team));
  teams.hidden = best.length === 0;
  const key = JSON.stringify(best);
  if (teams.dataset.shows === key) return;
  teams.dataset.shows = key;
  replace(
    teams,
    best.map(({ team, points, learners: members }) =>
      h(
        "div",
        { class: "workshop-team", role: "listitem" },
        h("span", { class: "workshop-team-name" }, team),
        h("span", { class: "workshop-team-points" }, String(points)),
        h("span", { class: "quiet small" }, `points, ${members === 1 ? "one learner" : `${members} learners`}`),
      )
    ),
  );
}
