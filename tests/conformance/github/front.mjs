// Stands between callers and GitHub emulators, and lets nothing through that leaves GitHub's contract.
//
//   node front.mjs COMMAND…   runs the stories, whose worlds each ask for a front of their own
//
// Ends with the command's code, or with 1 where somebody left the contract.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

import { endAll } from "../programs.mjs";
import { startExchange } from "./exchange.mjs";
import { fault, isUnanswered, proxy, readContract } from "./prism.mjs";

/** What `MAYFLY_GITHUB_FRONT` means is told in tests/scenarios. */
const ADDRESS = "MAYFLY_GITHUB_FRONT";
/** The pages and services beside the API, which GitHub describes nowhere. */
const BESIDE = /^\/_services\//;

/** Puts a front before a GitHub; tells `seen` each call by method and path, `faults` what left the contract. */
export async function putFront(contract, upstream, { seen, faults }) {
  const prism = await proxy(contract, upstream);
  const target = ({ url }) => (BESIDE.test(url) ? upstream : prism.url);
  const see = (request, answer) => {
    if (BESIDE.test(request.url)) return;
    if (isUnanswered(answer)) throw new Error("GitHub broke off");
    const path = request.url.replace(/\?.*/, "").replaceAll(/\d+/g, "N");
    seen.push(`${request.method} ${path} ${answer.status}`);
    const found = fault(contract, request, answer) ?? prism.unmodelled.pop();
    if (found) faults.push(`${request.method} ${request.url}: ${found}`);
    return found && answer.status < 400 ? refuse(answer, found) : undefined;
  };
  const exchange = await startExchange({ target, see });
  return {
    url: exchange.url,
    async end() {
      await exchange.end();
      await prism.end();
    },
  };
}

/** Makes an answer one that fails the story. */
function refuse(answer, found) {
  answer.status = 500;
  return JSON.stringify({ message: `outside of GitHub's contract: ${found}` });
}

async function runStories([command, ...args]) {
  const contract = await readContract();
  const fronts = [];
  const kept = { seen: [], faults: [] };
  const desk = createServer(async (request, reply) => {
    let order = "";
    for await (const chunk of request) order += chunk;
    const front = await putFront(contract, JSON.parse(order).upstream, kept);
    fronts.push(front);
    reply.setHeader("content-type", "application/json").end(JSON.stringify({ url: front.url }));
  });
  desk.listen(0, "127.0.0.1");
  await once(desk, "listening");
  const address = `http://127.0.0.1:${desk.address().port}`;
  const stories = spawn(command, args, { stdio: "inherit", env: { ...process.env, [ADDRESS]: address } });
  const [code] = await once(stories, "exit");
  await endAll(fronts);
  desk.close();
  return report(kept, code);
}

function report({ seen, faults }, code) {
  const counts = new Map();
  for (const call of seen) counts.set(call, (counts.get(call) ?? 0) + 1);
  const lines = [...counts].sort().map(([call, count]) => `${String(count).padStart(6)} ${call}`);
  console.log(`through the front:\n${lines.join("\n")}`);
  for (const one of faults) console.error(`outside of GitHub's contract: ${one}`);
  if (seen.length === 0) console.error("nothing came through the front");
  return code === 0 && (faults.length > 0 || seen.length === 0) ? 1 : (code ?? 1);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await runStories(process.argv.slice(2));
}
