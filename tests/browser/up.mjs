// Starts `mayfly up` and controls its emulated GitHub.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { orEnd, program, start } from "../conformance/programs.mjs";

/** Starts a deployment; returns the address of its page, and how to control its GitHub. */
export async function startUp() {
  const runtime = await mkdtemp(path.join(tmpdir(), "mayfly-browser-"));
  const environment = { PATH: process.env.PATH, XDG_RUNTIME_DIR: runtime, TMPDIR: tmpdir() };
  const up = start(program("mayfly"), ["up", "--listen", "127.0.0.1:0", "--nodes", "2"], environment);
  await orEnd(up, up.output.until(/^show its status: .*$/m));
  const ready = [...up.output.text.matchAll(/^\{"ready".*\}$/gm)].map(([line]) => JSON.parse(line));
  const { control, token } = ready.find((one) => one.ready === "github");
  const [, page] = up.output.text.match(/^open its status page: (\S+)$/m);
  return { page, key: new URL(page).hash.replace("#code=", ""), ...actions(control, token), end: () => ended(up, runtime) };
}

async function ended(up, runtime) {
  await up.end();
  await rm(runtime, { recursive: true, force: true });
}

function actions(control, token) {
  const send = (method, action, body = {}) => request(method, `${control}/${action}`, token, body);
  return {
    /** Queues a job, and returns its number. */
    queue: async (job) => (await send("POST", "jobs", { repository: "octo/app", ...job })).job,
    /** Lists the jobs of GitHub. */
    jobs: () => request("GET", `${control}/jobs`, token),
    /** Lets an operation of GitHub fail. */
    breakDown: (operation) => send("POST", "faults", { operation, times: 100, kind: "fail", status: 503 }),
    /** Ends all failures. */
    repair: () => send("DELETE", "faults"),
    /** Lets the cached report expire. */
    pass: (seconds) => send("POST", "clock", { advance_seconds: seconds }),
  };
}

async function request(method, url, token, body) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/** Starts `mayfly status --web` for a deployment, and returns the address that it prints. */
export async function startWeb({ page, key }) {
  const environment = { MAYFLY_URL: new URL(".", page).href, MAYFLY_FUNCTION_KEY: key };
  const web = start(program("mayfly"), ["status", "--web"], environment);
  const [, address] = await orEnd(web, web.output.until(/^open (\S+);/m));
  return { page: address, end: web.end };
}
