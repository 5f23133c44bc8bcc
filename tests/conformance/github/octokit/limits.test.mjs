// The throttling and retry plugins of octokit.

import assert from "node:assert/strict";
import { after, before } from "node:test";

import { TOKEN, startGithub } from "../../github_emulator.mjs";
import { endAll } from "../../programs.mjs";
import { octokit, operation } from "./clients.mjs";

const THROTTLING = "@octokit/plugin-throttling 11.0.5";
const RETRY = "@octokit/plugin-retry 8.1.1";
const REPOSITORY = { owner: "octo", repo: "app" };
const running = [];
let github;

before(async () => {
  github = await startGithub();
  running.push(github);
  await github.command("repositories", { full_name: "octo/app" });
});
after(() => endAll(running));

/** Asks for the repository while a fault is pending; returns the calls of the plugin's handlers, and the result. */
async function ask(fault) {
  await github.command("faults", { operation: "ReposGet", ...fault });
  const calls = [];
  const note = (kind) => (retryAfter) => {
    calls.push(`${kind} ${retryAfter}`);
    return false;
  };
  const throttle = {
    onRateLimit: note("primary"),
    onSecondaryRateLimit: note("secondary"),
    fallbackSecondaryRateRetryAfter: 60,
  };
  const client = octokit(github, { throttle, retry: { enabled: false } });
  const { status } = await client.rest.repos.get(REPOSITORY).catch((error) => error);
  return { calls, status };
}

for (const [form, status, wait] of [
  ["current", 403, "60"],
  ["no-retry-after", 403, "60"],
  ["too-many-requests", 429, "60"],
  ["too-many-requests-no-retry-after", 429, "60"],
  ["content-creation", 403, "60"],
]) {
  operation(THROTTLING, `onSecondaryRateLimit for ${form}`, async () => {
    const expected = { calls: [`secondary ${wait}`], status };
    assert.deepEqual(await ask({ kind: "secondary", form }), expected);
  });
}

operation(THROTTLING, "the text of older Enterprise Servers is a plain 403", async () => {
  assert.deepEqual(await ask({ kind: "secondary", form: "abuse" }), { calls: [], status: 403 });
});

operation(THROTTLING, "a request is repeated after the time that GitHub demands", async () => {
  await github.command("faults", { operation: "ReposGet", kind: "secondary", retry_after: 1 });
  const client = octokit(github, { throttle: { onSecondaryRateLimit: () => true } });
  const started = Date.now();
  assert.equal((await client.rest.repos.get(REPOSITORY)).status, 200);
  assert.ok(Date.now() - started >= 1000);
});

operation(THROTTLING, "onRateLimit when the hour is used up", async () => {
  const small = await startGithub("--rate-limit", "2");
  running.push(small);
  await small.command("repositories", { full_name: "octo/app" });
  const waits = [];
  const onRateLimit = (retryAfter) => {
    waits.push(retryAfter);
    return false;
  };
  const client = octokit(small, { throttle: { onRateLimit } });
  for (const status of [200, 200, 403]) {
    const response = await client.rest.repos.get(REPOSITORY).catch((error) => error);
    assert.equal(response.status, status);
  }
  assert.equal(waits.length, 1);
  assert.ok(waits[0] > 3500 && waits[0] <= 3601, `${waits[0]} s`);
});

operation("fetch of Node", "300 requests at the same time exceed the secondary limit", async () => {
  const headers = { authorization: `Bearer ${TOKEN}`, "user-agent": "conformance" };
  const ask = () => fetch(`${github.url}/repos/octo/app`, { headers });
  const responses = await Promise.all(Array.from({ length: 300 }, ask));
  const rejected = responses.filter(({ status }) => status === 403);
  assert.ok(rejected.length > 0);
  assert.match((await rejected[0].json()).message, /secondary rate limit/);
  assert.ok(Number(rejected[0].headers.get("x-ratelimit-remaining")) > 0);
});

operation("fetch of Node", "901 reads of an endpoint in a minute exceed the secondary limit", async () => {
  const headers = { authorization: `Bearer ${TOKEN}`, "user-agent": "conformance" };
  let read = 0;
  for (; read < 1000; read += 1) {
    const response = await fetch(`${github.url}/orgs/octo/repos`, { headers });
    await response.arrayBuffer();
    if (response.status === 403) break;
  }
  assert.equal(read, 900);
});

for (const status of [500, 502]) {
  operation(RETRY, `a request that failed with ${status} is repeated`, async () => {
    await github.command("faults", { operation: "OrgsListWebhooks", kind: "fail", status });
    const response = await octokit(github).rest.orgs.listWebhooks({ org: "octo" });
    assert.equal(response.status, 200);
  });
}
