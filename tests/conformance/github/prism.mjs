// Runs Prism over GitHub's description: as a GitHub of examples, or between a caller and another GitHub.

import prismHttp from "@stoplight/prism-http";
import prismServer from "@stoplight/prism-http-server";

import { description, strayParameters } from "./description.mjs";

/** What Prism calls its own answer where the other GitHub gave none; any other one is about the contract. */
const NO_ANSWER = "FetchError";

/** Reads GitHub's description once, for any number of servers. */
export async function readContract() {
  const described = description();
  // Prism takes the description apart while it reads it.
  const operations = await prismHttp.getHttpOperationsFromSpec(structuredClone(described));
  return { described, operations };
}

/** Starts a GitHub that answers with GitHub's own examples; not all of those fit their own description. */
export function mock(contract) {
  return serve(contract, { isProxy: false, validateResponse: false });
}

/** Starts what hands requests on to another GitHub, if they and their answers keep the contract. */
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

/** What Prism has to say is in its answers, but for one thing: it makes up what the other answers 501 to. */
function logger(unmodelled) {
  const silent = () => {};
  const warn = (text) => {
    if (String(text).endsWith("has returned 501")) unmodelled.push(text);
  };
  const own = { trace: silent, debug: silent, info: silent, success: silent, error: silent, warn };
  return { ...own, fatal: silent, start: silent, child: () => own };
}

/** Tells how an exchange left the contract, of what Prism wrote into its answer; `undefined` if it kept it. */
export function fault({ described }, { method, url }, { headers, body }) {
  const stray = strayParameters(described, method, url);
  if (stray.length > 0) return `no such parameter: ${stray.join(", ")}`;
  const problem = problemOf(headers, body);
  if (problem) return JSON.stringify(problem.validation ?? problem.title);
  const noted = JSON.parse(headers["sl-violations"] ?? "[]");
  const grave = noted.filter(({ severity }) => severity === "Error");
  return grave.length > 0 ? JSON.stringify(grave) : undefined;
}

/** Tells whether the other GitHub broke off, which Prism makes an answer of. */
export function isUnanswered({ headers, body }) {
  return problemOf(headers, body)?.type === NO_ANSWER;
}

function problemOf(headers, body) {
  const is = headers["content-type"]?.startsWith("application/problem+json");
  return is ? JSON.parse(body) : undefined;
}
