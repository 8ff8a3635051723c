/** The three query languages, as an editor needs to know them. */
import * as logql from "./logql/complete.js";
import { tokenize as logqlTokens } from "./logql/tokens.js";
import * as promql from "./promql/complete.js";
import { tokenize as promqlTokens } from "./promql/tokens.js";
import * as traceql from "./traceql/complete.js";
import { tokenize as traceqlTokens } from "./traceql/tokens.js";

/** @type {Record<string, {title: string, tokenize: Function, suggest: Function, example: string}>} */
export const LANGUAGES = {
  promql: {
    title: "PromQL",
    tokenize: promqlTokens,
    suggest: promql.suggest,
    // No answer to an exercise: it stands beside each of them.
    example: "scrape_duration_seconds > 0.01",
  },
  logql: { title: "LogQL", tokenize: logqlTokens, suggest: logql.suggest, example: '{service=~".+"} |= "error"' },
  traceql: {
    title: "TraceQL",
    tokenize: traceqlTokens,
    suggest: traceql.suggest,
    example: "{ kind = server && duration > 30ms }",
  },
};

/** Which language a source is asked in. */
export const LANGUAGE_OF = { prometheus: "promql", loki: "logql", tempo: "traceql" };
