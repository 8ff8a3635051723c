/** What the page knows after one round of questions, by service, call and system. Pure: from answers to facts. */

import { WORLD } from "../graph/service_graph.js";
import { partsOf } from "./parts.js";
import { sentence, stateOfCall, stateOfService } from "./status.js";

/**
 * @param {{numbers: Map<string, {labels: Object<string, string>, value: number}[]>, alerts: object[],
 *     groups: object[]}} answers
 *     `numbers` by id; `alerts` and `groups` as Prometheus' API has them
 * @param {{systems: object[]}} lab  its description
 */
export function factsOf({ numbers, alerts, groups }, lab) {
  const active = alertsOf(alerts, groups);
  const parts = partsOf(numbers, active);
  const ofService = new Map();
  for (const id of ["up", "requests", "errors", "p95"]) {
    for (const { labels, value } of numbers.get(id) ?? []) {
      if (labels.service === undefined) continue;
      if (!ofService.has(labels.service)) ofService.set(labels.service, {});
      ofService.get(labels.service)[id] = value;
    }
  }
  const calls = callsOf(numbers, ofService, active);
  const taken = new Set(lab.systems.flatMap(namesOf));
  const systems = lab.systems.map((system) => systemOf(system, { ofService, calls, active, parts, taken }));
  const known = new Set(systems.flatMap((system) => system.nodes.map((node) => node.id)));
  const others = [...new Set(calls.flatMap(({ client, server }) => [client, server]))]
    .filter((name) => name !== WORLD && !known.has(name))
    .sort();
  return { systems, others, alerts: active, calls, numbers, groups };
}

/** Active alerts with what their rule asks, the most pressing first. */
export function alertsOf(alerts, groups) {
  const rules = new Map(
    groups
      .flatMap((group) => group.rules)
      .filter((rule) => rule.type === "alerting")
      .map((rule) => [rule.name, rule]),
  );
  const pressing = (alert) =>
    (alert.state === "firing" ? 0 : 4) + (alert.severity === "page" ? 0 : 2) + (isDown(alert) ? 0 : 1);
  return alerts
    .map(({ labels, annotations, state, activeAt, value }) => ({
      name: labels.alertname ?? "",
      state,
      severity: labels.severity ?? "",
      service: labels.service ?? "",
      labels,
      since: Date.parse(activeAt) / 1000,
      value: Number(value),
      summary: annotations?.summary ?? "",
      description: annotations?.description ?? "",
      lookFirst: annotations?.look_first ?? "",
      dashboardUrl: annotations?.dashboard_url ?? "",
      query: rules.get(labels.alertname)?.query ?? "",
    }))
    .sort((a, b) => pressing(a) - pressing(b) || a.since - b.since || (a.name < b.name ? -1 : 1));
}

/** Whether an alert says that something does not answer scrapes: most of the others then follow from it. */
function isDown(alert) {
  return /^\s*up\b/.test(alert.query);
}

function callsOf(numbers, ofService, alerts) {
  const calls = new Map();
  for (const [id, name] of [
    ["calls", "calls"],
    ["callErrors", "errors"],
    ["callP95", "p95"],
  ]) {
    for (const {
      labels: { client, server, connection_type: type = "" },
      value,
    } of numbers.get(id) ?? []) {
      if (client === undefined || server === undefined) continue;
      const key = JSON.stringify([client, server]);
      if (!calls.has(key)) calls.set(key, { client, server, type });
      // One pair can be joined in more than one way; what is asked most is what is shown.
      const call = calls.get(key);
      if (id === "calls" && call.calls > value) continue;
      if (id === "calls" || call.type === type) Object.assign(call, { type, [name]: value });
    }
  }
  const all = [...calls.values()];
  for (const call of all) {
    const server = ofService.get(call.server);
    // Who is only called by visitors knows best what they get, and ten seconds sooner than the service graph does.
    if (
      call.client === WORLD &&
      server &&
      !all.some((other) => other.server === call.server && other.client !== WORLD)
    ) {
      Object.assign(call, { calls: server.requests, errors: server.errors, p95: server.p95 });
    }
    const about = alerts.filter(({ labels }) => labels.client === call.client && labels.server === call.server);
    call.state = stateOfCall(call, { server, alerts: about });
    call.alerts = about;
  }
  return all;
}

/** What an alert about a system can be about: its services, and what they keep things in. */
function namesOf(system) {
  return [...system.services.map(({ name }) => name), ...(system.backing ?? [])];
}

function systemOf(system, { ofService, calls, active, parts, taken }) {
  const names = new Set(system.services.map((service) => service.name));
  const services = system.services.map((service) => serviceFacts(service.name, { ofService, active, parts }));
  const hasData = services.some(({ numbers }) => numbers.up !== undefined || numbers.requests !== undefined);

  // What the system's services call belongs to it, too: a database or a queue that sends no spans itself.
  const edges = calls.filter(({ client, server }) => names.has(client) || (client === WORLD && names.has(server)));
  const outside = [...new Set(edges.map(({ server }) => server))].filter((name) => !names.has(name)).sort();
  const planned = plannedCalls(system, edges, ofService);
  const nodes = [
    { id: WORLD, kind: "world", title: "Visitors", facts: null },
    ...services.map((facts) => ({ id: facts.name, kind: "service", title: facts.name, facts })),
    ...outside.map((name) => ({
      id: name,
      kind: kindOf(edges.filter(({ server }) => server === name)),
      title: name,
      facts: serviceFacts(name, { ofService, active, parts }),
    })),
  ];
  // An alert about what belongs to no system (a part of the telemetry stack) is told by every one rather than by none.
  const own = new Set(namesOf(system));
  const about = active.filter(({ service }) => own.has(service) || !taken.has(service));
  return {
    name: system.name,
    title: system.title,
    entry: system.entry,
    services,
    nodes,
    calls: [...edges, ...planned],
    alerts: about,
    hasData,
    ...sentence({ services, entry: system.entry, alerts: about, hasData }),
  };
}

function serviceFacts(name, { ofService, active, parts }) {
  const numbers = ofService.get(name) ?? {};
  const alerts = active.filter((alert) => alert.service === name);
  const down = alerts.find(isDown);
  return {
    name,
    numbers,
    alerts,
    parts: parts.get(name) ?? [],
    state: stateOfService(numbers, alerts),
    downSince: numbers.up === 0 ? (down?.since ?? null) : null,
  };
}

/** Calls that the manifest knows and nobody makes now; without them a system at rest would fall apart. */
function plannedCalls(system, edges, ofService) {
  const has = (client, server) => edges.some((edge) => edge.client === client && edge.server === server);
  const known = [
    [WORLD, system.entry],
    ...system.services.flatMap((service) => (service.dependsOn ?? []).map((server) => [service.name, server])),
  ];
  return known
    .filter(([client, server]) => server && !has(client, server))
    .map(([client, server]) => {
      const state = stateOfCall({}, { server: ofService.get(server), alerts: [] });
      return { client, server, type: "", isPlanned: true, state, alerts: [] };
    });
}

function kindOf(edges) {
  if (edges.some(({ type }) => type === "database")) return "database";
  if (edges.some(({ type }) => type === "messaging_system")) return "service";
  return edges.some(({ type }) => type === "virtual_node") ? "outside" : "service";
}
