/**
 * What the attributes of OpenTelemetry's semantic conventions mean, in a line, and how attributes are grouped.
 * Only names that a learner meets; an attribute that is not here is shown without a word.
 */

/** The groups in their order; a name belongs to the first whose pattern it matches. */
const GROUPS = [
  ["Error", /^(error|exception)\b/],
  ["HTTP", /^(http|url|user_agent)\b/],
  ["Database", /^(db)\b/],
  ["Messaging", /^messaging\b/],
  ["RPC", /^rpc\b/],
  ["Network", /^(server|client|network|net|peer)\b/],
  ["Code", /^(code|thread)\b/],
  ["Service", /^(service|deployment|telemetry|process|host|container|k8s|cloud|os)\b/],
  ["Of this system", /^/],
];

const MEANINGS = {
  "http.request.method": "What the caller asked for: GET reads, POST and PUT write.",
  "http.response.status_code": "The answer's status: 2xx success, 4xx the caller's error, 5xx the server's.",
  "http.route": "The route's template, with places for ids: what metrics count by.",
  "http.request.resend_count": "How often this request was sent again after a failure.",
  "http.request.body.size": "Bytes of the request's body.",
  "http.response.body.size": "Bytes of the answer's body.",
  "url.full": "The whole address that was asked.",
  "url.path": "The path as it was asked, with its ids.",
  "url.query": "What stood behind the question mark of the address.",
  "url.scheme": "http or https.",
  "user_agent.original": "What the caller says it is.",
  "server.address": "The host that was asked.",
  "server.port": "The port that was asked.",
  "client.address": "Where the request came from.",
  "client.port": "The caller's port: another one for each connection.",
  "network.protocol.name": "The protocol above TCP.",
  "network.protocol.version": "The protocol's version, as 1.1 of HTTP.",
  "network.peer.address": "The other end of the connection.",
  "network.peer.port": "The other end's port.",
  "peer.service": "The service that is called, by its name.",
  "error.type": "The kind of error: an exception's class or a status code.",
  "exception.type": "The exception's class.",
  "exception.message": "What the exception says.",
  "exception.stacktrace": "Where in the code it was raised.",
  "exception.escaped": "Whether the exception left the span.",
  "db.system.name": "Which database it is.",
  "db.system": "Which database it is (the older name).",
  "db.namespace": "The database's name.",
  "db.collection.name": "The table that is read or written.",
  "db.operation.name": "What the statement does: SELECT, INSERT …",
  "db.query.text": "The statement, with its values left out.",
  "db.query.summary": "The statement in short: operation and table.",
  "db.query.plan": "How the database finds the rows: by an index, or by a scan of them all.",
  "db.response.returned_rows": "Rows in the answer.",
  "db.response.status_code": "The database's own error code.",
  "messaging.system": "Which broker it is.",
  "messaging.destination.name": "The topic or queue.",
  "messaging.operation.type": "send, receive or process.",
  "messaging.message.id": "The message's id.",
  "messaging.kafka.message.offset": "The message's place in its partition.",
  "messaging.destination.partition.id": "The partition it went to.",
  "rpc.system": "Which remote procedure call system.",
  "rpc.service": "The service's name in its interface.",
  "rpc.method": "The procedure that is called.",
  "code.function.name": "The function that made this span.",
  "code.file.path": "The file it stands in.",
  "code.line.number": "The line it stands at.",
  "thread.id": "The thread that did it.",
  "thread.name": "The thread's name.",
  "service.name": "The service: the same name on its metrics and log lines.",
  "service.namespace": "The system that the service belongs to.",
  "service.version": "The service's version.",
  "service.instance.id": "Which process of the service.",
  "deployment.environment.name": "Where it runs: lab, staging, production.",
  "telemetry.sdk.language": "The language of the OpenTelemetry SDK.",
  "telemetry.sdk.name": "The SDK that made this span.",
  "telemetry.sdk.version": "The SDK's version.",
  "process.pid": "The process's number on its machine.",
  "host.name": "The machine.",
  "enduser.id": "Who asked.",
  "user.id": "The user it was about.",
};

/** A line about an attribute, or null. */
export const meaning = (name) => (Object.hasOwn(MEANINGS, name) ? MEANINGS[name] : null);

/**
 * Attributes in groups, each in its own order; empty groups are left out.
 * @param {Map<string, *>} attributes
 * @returns {Array<{title: string, entries: Array<[string, *]>}>}
 */
export function grouped(attributes) {
  const groups = GROUPS.map(([title]) => ({ title, entries: [] }));
  for (const entry of attributes) groups[GROUPS.findIndex(([, pattern]) => pattern.test(entry[0]))].entries.push(entry);
  return groups.filter((group) => group.entries.length);
}

/** What a kind of span is. */
export const KINDS = {
  server: "Answers a request from outside the service.",
  client: "Calls another service and waits for it.",
  internal: "A step within the service.",
  producer: "Sends a message that somebody else works on later.",
  consumer: "Works on a message.",
  unspecified: "Its maker did not say of what kind it is.",
};
