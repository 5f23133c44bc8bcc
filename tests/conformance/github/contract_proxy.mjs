// A proxy between callers and GitHub emulators that rejects requests and responses that violate GitHub's contract.
//
//   node contract_proxy.mjs COMMAND…   runs tests; each of their environments requests a proxy of its own
//
// Exits with the command's code, or with 1 if a request or a response violated the contract.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

import { endAll } from "../programs.mjs";
import { startExchange } from "./exchange.mjs";
import { fault, isUnanswered, proxy as prismProxy, readContract } from "./prism.mjs";

/** The variable by which tests/scenarios finds this program. */
const ADDRESS = "MAYFLY_GITHUB_FRONT";
/** Services and addresses that GitHub's description does not contain: of runners, and targets of redirects. */
const OUTSIDE = /^\/_services\/|^\/repositories\/\d+/;
/**
 * The header with the target of a redirect on its way through Prism, which would follow a Location itself. GitHub may
 * redirect any request, also where its description has no such status:
 * https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
 */
const MOVED_TO = "x-moved-to";

/** Starts a proxy to a GitHub; adds each call to `calls` by method and path, and each violation to `faults`. */
export async function startContractProxy(contract, upstream, { calls, faults }) {
  const github = await startExchange({ target: () => upstream, inspect: (_, response) => hideRedirect(response) });
  const prism = await prismProxy(contract, github.url);
  const target = ({ url }) => (OUTSIDE.test(url) ? upstream : prism.url);
  const inspect = (request, response) => {
    if (OUTSIDE.test(request.url)) return;
    if (isUnanswered(response)) throw new Error("GitHub closed the connection");
    const path = request.url.replace(/\?.*/, "").replaceAll(/\d+/g, "N");
    calls.push(`${request.method} ${path} ${response.status}`);
    if (response.headers[MOVED_TO]) return showRedirect(response, exchange.url);
    const found = fault(contract, request, response) ?? prism.unmodelled.pop();
    if (found) faults.push(`${request.method} ${request.url}: ${found}`);
    return found && response.status < 400 ? reject(response, found) : undefined;
  };
  const exchange = await startExchange({ target, inspect });
  return {
    url: exchange.url,
    async end() {
      await exchange.end();
      await prism.end();
      await github.end();
    },
  };
}

function hideRedirect({ headers }) {
  if (headers.location) headers[MOVED_TO] = headers.location;
  delete headers.location;
}

/** Restores the target of a redirect, at the proxy instead of the GitHub behind it. */
function showRedirect({ headers }, proxy) {
  const { pathname, search } = new URL(headers[MOVED_TO]);
  headers.location = `${proxy}${pathname}${search}`;
  delete headers[MOVED_TO];
}

/** Replaces a response by one that fails the test. */
function reject(response, found) {
  response.status = 500;
  return JSON.stringify({ message: `violates GitHub's contract: ${found}` });
}

async function runTests([command, ...args]) {
  const contract = await readContract();
  const proxies = [];
  const log = { calls: [], faults: [] };
  const server = createServer(async (request, reply) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const proxy = await startContractProxy(contract, JSON.parse(body).upstream, log);
    proxies.push(proxy);
    reply.setHeader("content-type", "application/json").end(JSON.stringify({ url: proxy.url }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `http://127.0.0.1:${server.address().port}`;
  const tests = spawn(command, args, { stdio: "inherit", env: { ...process.env, [ADDRESS]: address } });
  const [code] = await once(tests, "exit");
  await endAll(proxies);
  server.close();
  return report(log, code);
}

function report({ calls, faults }, code) {
  const counts = new Map();
  for (const call of calls) counts.set(call, (counts.get(call) ?? 0) + 1);
  const lines = [...counts].sort().map(([call, count]) => `${String(count).padStart(6)} ${call}`);
  console.log(`through the proxy:\n${lines.join("\n")}`);
  for (const one of faults) console.error(`violates GitHub's contract: ${one}`);
  if (calls.length === 0) console.error("no request came through the proxy");
  return code === 0 && (faults.length > 0 || calls.length === 0) ? 1 : (code ?? 1);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await runTests(process.argv.slice(2));
}
