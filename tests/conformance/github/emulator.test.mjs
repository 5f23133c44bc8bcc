// Checks the responses of the emulated GitHub against GitHub's own description of its API.

import assert from "node:assert/strict";
import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { after, before, test } from "node:test";

import { ENTERPRISE, PERSON, TOKEN, startGithub } from "../github_emulator.mjs";
import { endAll } from "../programs.mjs";
import { startContractProxy } from "./contract_proxy.mjs";
import { readContract } from "./prism.mjs";

const SCOPES = ["repos/octo/app", `repos/${PERSON}/app`, "orgs/octo", `enterprises/${ENTERPRISE}`];
const running = [];
const log = { calls: [], faults: [] };
let github, proxy;

before(async () => {
  github = await startGithub();
  running.push(github);
  proxy = await startContractProxy(await readContract(), github.url, log);
  running.push(proxy);
  for (const repository of ["octo/app", `${PERSON}/app`]) {
    await github.command("repositories", { full_name: repository });
    await github.command("jobs", { repository, labels: ["self-hosted"] });
    await github.serve(repository, "served", ["self-hosted"]);
    const cancelled = await github.command("jobs", { repository, labels: ["unserved"] });
    await github.command(`jobs/${cancelled.job}/cancellation`);
    await github.command("jobs", { repository, labels: ["gated"], gate: "waiting_first" });
    await github.command("jobs", { repository, labels: ["waits"] });
  }
});
after(() => endAll(running));

/** Sends a request through the proxy, and fails if it finds a fault. */
async function send(method, path, body, authorization = `Bearer ${TOKEN}`) {
  const headers = { Authorization: authorization, "User-Agent": "conformance" };
  if (body) headers["Content-Type"] = "application/json";
  const response = await fetch(`${proxy.url}/${path}`, { method, headers, body: JSON.stringify(body) });
  const text = await response.text();
  assert.deepEqual(log.faults.splice(0), [], `${method} ${path}`);
  return { status: response.status, body: text && JSON.parse(text) };
}

const get = async (path) => (await send("GET", path)).body;

test("meta and the limits are as described", async () => {
  const { hooks } = await get("meta");
  assert.deepEqual(hooks, ["127.0.0.0/8", "::1/128"]);
  assert.equal((await get("rate_limit")).resources.core.limit, 5000);
  assert.deepEqual(await get("versions"), ["2026-03-10", "2022-11-28"]);
  assert.equal((await get("user")).login, "octocat");
  await github.command("releases", { version: "2.336.0" });
  await get("repos/actions/runner/releases/latest");
});

for (const repository of SCOPES.slice(0, 2)) {
  test(`${repository}, its runs and its jobs are as described`, async () => {
    await get(repository);
    const { workflow_runs: runs } = await get(`${repository}/actions/runs?per_page=100`);
    assert.equal(runs.length, 4);
    for (const { id } of runs) {
      await get(`${repository}/actions/runs/${id}`);
      await get(`${repository}/actions/runs/${id}/attempts/1`);
      await get(`${repository}/actions/runs/${id}/attempts/1/jobs`);
      const { jobs } = await get(`${repository}/actions/runs/${id}/jobs?filter=all`);
      for (const job of jobs) await get(`${repository}/actions/jobs/${job.id}`);
    }
    await get(`${repository}/actions/runs?status=completed&per_page=1&page=2`);
    const waiting = runs.find(({ status }) => status === "queued");
    const cancel = `${repository}/actions/runs/${waiting.id}/cancel`;
    assert.equal((await send("POST", cancel)).status, 202);
    assert.equal((await send("POST", cancel)).status, 409);
    assert.equal((await send("GET", `${repository}/actions/jobs/1`)).status, 404);
  });
}

for (const scope of SCOPES) {
  test(`runners of ${scope} are as described`, async () => {
    const runners = `${scope}/actions/runners`;
    assert.equal((await send("POST", `${runners}/registration-token`)).status, 201);
    const request = { name: "one", runner_group_id: 1, labels: ["self-hosted", "x"] };
    assert.equal((await send("POST", `${runners}/generate-jitconfig`, request)).status, 201);
    assert.equal((await send("POST", `${runners}/generate-jitconfig`, request)).status, 409);
    const unknownGroup = { ...request, name: "two", runner_group_id: 77 };
    assert.equal((await send("POST", `${runners}/generate-jitconfig`, unknownGroup)).status, 404);
    const found = (await get(`${runners}?name=one&per_page=100`)).runners;
    assert.equal(found.length, 1);
    await get(`${runners}/${found[0].id}`);
    assert.equal((await send("DELETE", `${runners}/${found[0].id}`)).status, 204);
    assert.equal((await send("DELETE", `${runners}/${found[0].id}`)).status, 404);
    await get(`${runners}?per_page=1&page=2`);
    await get(`${runners}/downloads`);
  });
}

test("installations of an App and their tokens are as described", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = publicKey.export({ type: "pkcs1", format: "der" }).toString("base64");
  const permissions = { actions: "read", administration: "write" };
  const app = { id: 7, client_id: "Iv23", public_key: key, installed_on: ["octo"], permissions };
  await github.command("apps", app);
  const asApp = () => `Bearer ${jwt(app.id, privateKey)}`;
  for (const scope of ["repos/octo/app", "orgs/octo"]) {
    const found = await send("GET", `${scope}/installation`, undefined, asApp());
    assert.equal(found.status, 200);
    const tokens = `app/installations/${found.body.id}/access_tokens`;
    const { status, body } = await send("POST", tokens, undefined, asApp());
    assert.equal(status, 201);
    const jobs = await send("GET", "repos/octo/app/actions/runs", undefined, `Bearer ${body.token}`);
    assert.equal(jobs.status, 200);
    const own = await send("GET", "installation/repositories?per_page=100", undefined, `Bearer ${body.token}`);
    assert.deepEqual(own.body.repositories.map(({ full_name }) => full_name), ["octo/app"]);
    const narrow = { repositories: ["app"], permissions: { actions: "read" } };
    assert.equal((await send("POST", tokens, narrow, asApp())).status, 201);
    const wide = { permissions: { contents: "write" } };
    assert.equal((await send("POST", tokens, wide, asApp())).status, 422);
    await send("GET", `app/installations/${found.body.id}`, undefined, asApp());
    assert.equal((await send("DELETE", "installation/token", undefined, `Bearer ${body.token}`)).status, 204);
  }
  assert.equal((await send("GET", "app", undefined, asApp())).body.installations_count, 1);
  const all = await send("GET", "app/installations?per_page=100", undefined, asApp());
  assert.equal(all.body.length, 1);
});

/** Returns the token with which an App authenticates. */
function jwt(iss, privateKey) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss, iat: now - 60, exp: now + 540, jti: randomUUID() };
  const part = (content) => Buffer.from(JSON.stringify(content)).toString("base64url");
  const signed = `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${sign("sha256", signed, privateKey).toString("base64url")}`;
}

test("runner groups are as described", async () => {
  const octo = { scope: { organization: "octo" }, repositories: ["octo/app"] };
  await github.command("groups", { ...octo, name: "selected" });
  await github.command("groups", { name: "wide", scope: { enterprise: ENTERPRISE } });
  for (const scope of SCOPES.slice(2)) {
    const { runner_groups: groups } = await get(`${scope}/actions/runner-groups?per_page=100&page=1`);
    assert.equal(groups.length, 2);
    const { id } = groups[1];
    const access = scope.startsWith("orgs") ? "repositories" : "organizations";
    await get(`${scope}/actions/runner-groups/${id}/${access}?per_page=100`);
  }
});

test("hooks and their deliveries are as described", async () => {
  // No program listens on this port, so that the delivery fails.
  const hook = { url: "http://127.0.0.1:9/hook", secret: "hush" };
  await github.command("hooks", { ...hook, scope: { repository: "octo/app" } });
  await github.command("hooks", { ...hook, scope: { organization: "octo" } });
  const { job } = await github.command("jobs", { repository: "octo/app", labels: ["delivered"] });
  for (const scope of ["repos/octo/app", "orgs/octo"]) {
    const [{ id }] = await get(`${scope}/hooks`);
    const deliveries = `${scope}/hooks/${id}/deliveries`;
    const of = (list) => list.find(({ event }) => event === "workflow_job");
    const { id: failed } = await until(async () => of(await get(`${deliveries}?per_page=100`)));
    await get(`${deliveries}?status=failure&per_page=1`);
    const { request } = await get(`${deliveries}/${failed}`);
    assert.equal(request.payload.workflow_job.id, job);
    assert.equal((await send("POST", `${deliveries}/${failed}/attempts`)).status, 202);
  }
});

/** Repeats a request until it finds something. */
async function until(find) {
  const end = Date.now() + 20_000;
  while (Date.now() < end) {
    const found = await find();
    if (found) return found;
  }
  throw new Error("the delivery never ended");
}

test("a request that is not modelled is a fault, not one of Prism's examples", async () => {
  const unmodelled = `${proxy.url}/orgs/octo/actions/runner-groups?visible_to_repository=app`;
  const headers = { Authorization: `Bearer ${TOKEN}`, "User-Agent": "conformance" };
  assert.equal((await fetch(unmodelled, { headers })).status, 500);
  const [fault, ...more] = log.faults.splice(0);
  assert.match(fault, /has returned 501$/);
  assert.deepEqual(more, []);
});
