// Runs Prism with GitHub's description: as a mock that responds with examples, or as a validating proxy.

import prismHttp from "@stoplight/prism-http";
import prismServer from "@stoplight/prism-http-server";

import { description, unknownParameters } from "./description.mjs";

/** Prism's type of a response of its own if the upstream did not respond; all other types concern the contract. */
const UNANSWERED = "FetchError";

/** Reads GitHub's description once, for any number of servers. */
export async function readContract() {
  const described = description();
  // Prism changes the description while it reads it.
  const operations = await prismHttp.getHttpOperationsFromSpec(structuredClone(described));
  return { described, operations };
}

/** Starts a mock that responds with GitHub's own examples; not all of them match the description. */
export function mock(contract) {
  return serve(contract, { isProxy: false, validateResponse: false });
}

/** Starts a proxy that validates requests to a GitHub and its responses. */
export function proxy(contract, upstream) {
  return serve(contract, { isProxy: true, upstream: new URL(upstream), validateResponse: true });
}

async function serve({ operations }, config) {
  const checks = { validateRequest: true, checkSecurity: true, errors: true };
  const unmodelled = [];
  const server = prismServer.createServer(operations, {
    cors: false,
    config: { ...checks, ...config, mock: { dynamic: false } },
    components: { logger: logger(unmodelled) },
  });
  const url = await server.listen(0, "127.0.0.1");
  return { url, unmodelled, end: () => server.close() };
}

/** Returns a logger that records only one warning: Prism invents a response if the upstream responds 501. */
function logger(unmodelled) {
  const silent = () => {};
  const warn = (text) => {
    if (String(text).endsWith("has returned 501")) unmodelled.push(text);
  };
  const own = { trace: silent, debug: silent, info: silent, success: silent, error: silent, warn };
  return { ...own, fatal: silent, start: silent, child: () => own };
}

/** Returns how a request or its response violates the contract, as Prism reports it; `undefined` if neither does. */
export function fault({ described }, { method, url }, { headers, body }) {
  const unknown = unknownParameters(described, method, url);
  if (unknown.length > 0) return `no such parameter: ${unknown.join(", ")}`;
  const problem = problemOf(headers, body);
  if (problem) return JSON.stringify(problem.validation ?? problem.title);
  const violations = JSON.parse(headers["sl-violations"] ?? "[]");
  const errors = violations.filter(({ severity }) => severity === "Error");
  return errors.length > 0 ? JSON.stringify(errors) : undefined;
}

/** Returns whether the upstream did not respond; Prism then responds itself. */
export function isUnanswered({ headers, body }) {
  return problemOf(headers, body)?.type === UNANSWERED;
}

function problemOf(headers, body) {
  const is = headers["content-type"]?.startsWith("application/problem+json");
  return is ? JSON.parse(body) : undefined;
}
