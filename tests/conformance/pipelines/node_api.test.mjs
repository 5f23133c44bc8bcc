// The emulated Azure Pipelines by azure-devops-node-api 17.0.1, Microsoft's client for Node, unchanged.

import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { WebApi, getBearerHandler, getPersonalAccessTokenHandler } from "azure-devops-node-api";
import { TaskAgentStatus, TaskResult } from "azure-devops-node-api/interfaces/TaskAgentInterfaces.js";

import { ROOT, emulate, endAll } from "../programs.mjs";

const TOKEN = "pat-of-the-emulator";
const NO_LOCK = "00000000-0000-0000-0000-000000000000";
const running = [];
let service, base, tasks;

before(async () => {
  service = await emulate("pipelines", "--pool", "linux", "--project", "shop");
  running.push(service);
  base = `${service.url}/contoso`;
  tasks = await new WebApi(base, getPersonalAccessTokenHandler(TOKEN)).getTaskAgentApi();
});
after(() => endAll(running));

/** Sends a command to the control port. */
async function command(path, body = {}, method = "POST") {
  const headers = { Authorization: `Bearer ${service.control.token}`, "Content-Type": "application/json" };
  const response = await fetch(`${service.control.url}${path}`, { method, headers, body: JSON.stringify(body) });
  assert.ok(response.ok, `${path}: ${response.status}`);
  return response.json();
}

/** Registers an agent; returns it with its key. */
async function register(name, systemCapabilities = {}) {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const { n, e } = privateKey.export({ format: "jwk" });
  const number = (text) => Buffer.from(text, "base64url").toString("base64");
  const publicKey = { modulus: number(n), exponent: number(e) };
  const agent = { name, version: "4.274.1", maxParallelism: 1, authorization: { publicKey }, systemCapabilities };
  return { ...(await tasks.addAgent(agent, 1)), key: createPrivateKey(privateKey.export({ type: "pkcs8", format: "pem" })) };
}

/** Requests a token with a signed assertion, and returns a client with it. */
async function clientOf({ key, authorization: { clientId, authorizationUrl } }) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: clientId, sub: clientId, aud: authorizationUrl, jti: randomUUID(), nbf: now, exp: now + 300 };
  const text = `${part({ typ: "JWT", alg: "RS256" })}.${part(claims)}`;
  const signature = sign("sha256", Buffer.from(text), key).toString("base64url");
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: `${text}.${signature}`,
  });
  const answer = await (await fetch(authorizationUrl, { method: "POST", body: form })).json();
  assert.ok(answer.access_token, JSON.stringify(answer));
  return new WebApi(base, getBearerHandler(answer.access_token)).getTaskAgentApi();
}

/** Reads a list of requests without the client. */
async function raw(path) {
  const headers = { Authorization: `Basic ${Buffer.from(`:${TOKEN}`).toString("base64")}` };
  return (await fetch(`${base}/_apis/${path}`, { headers })).json();
}

/** Returns the members of an interface of the client, with those that it inherits. */
async function members(name) {
  const file = `${ROOT}/tests/node_modules/azure-devops-node-api/interfaces/TaskAgentInterfaces.d.ts`;
  const text = await readFile(file, "utf8");
  const [, parent, body] = text.match(new RegExp(`export interface ${name} (?:extends (\\w+) )?\\{(.*?)\\n\\}`, "s"));
  const own = [...body.matchAll(/^ {4}(\w+)\??:/gm)].map((match) => match[1]);
  return parent ? [...own, ...(await members(parent))] : own;
}

test("pools are found by name, read and changed", async () => {
  const [pool] = await tasks.getAgentPools("linux");
  assert.deepEqual([pool.id, pool.autoUpdate], [1, true]);
  assert.equal((await tasks.updateAgentPool({ autoUpdate: false }, 1)).autoUpdate, false);
  assert.equal((await tasks.getAgentPool(1)).name, "linux");
});

test("an agent is added, listed, changed, replaced and deleted", async () => {
  const added = await register("az-1", { gpu: "A100" });
  assert.equal(added.status, TaskAgentStatus.Offline);
  assert.ok(added.createdOn instanceof Date);
  const [listed] = await tasks.getAgents(1, "az-1", true, true, true);
  assert.deepEqual(listed.systemCapabilities, { gpu: "A100" });
  const changed = await tasks.updateAgent({ id: added.id, name: "az-1", enabled: false }, 1, added.id);
  assert.equal(changed.enabled, false);
  const withUser = await tasks.updateAgentUserCapabilities({ size: "large" }, 1, added.id);
  assert.deepEqual(withUser.userCapabilities, { size: "large" });
  assert.equal((await tasks.replaceAgent({ name: "az-1", version: "4.275.0" }, 1, added.id)).version, "4.275.0");
  await assert.rejects(register("az-1"), { statusCode: 409 });
  await tasks.deleteAgent(1, added.id);
  assert.equal(await tasks.getAgent(1, added.id), null);
});

test("a waiting request is read by each of the client's methods", async () => {
  const agent = await register("small", { size: "small" });
  const { run, request } = await command("/jobs", { project: "shop", pool: "linux", demands: ["size"] });
  const [waiting] = await tasks.getAgentRequestsForAgents(1, undefined, 0);
  assert.equal(waiting.requestId, request);
  assert.deepEqual(waiting.matchedAgents.map((matched) => [matched.name, matched.status]), [["small", TaskAgentStatus.Offline]]);
  assert.deepEqual([waiting.result, waiting.receiveTime], [undefined, undefined]);
  const [top] = await tasks.getAgentRequests(1, 5);
  assert.deepEqual([top.requestId, top.matchedAgents], [request, undefined]);
  assert.equal((await tasks.getAgentRequestsForPlan(1, waiting.planId, waiting.jobId)).length, 1);
  assert.deepEqual(await tasks.getAgentRequestsForPlan(1, randomUUID()), []);
  assert.deepEqual(await tasks.getAgentRequestsForAgent(1, agent.id, 1), []);
  const read = await tasks.getAgentRequest(1, request, true);
  assert.match(read.statusMessage, /busy, disabled or offline/);
  const build = await (await new WebApi(base, getPersonalAccessTokenHandler(TOKEN)).getBuildApi()).getBuild("shop", run);
  assert.equal(build.orchestrationPlan.planId, waiting.planId);
  await command(`/runs/${run}/cancellation`);
  assert.equal((await tasks.getAgentRequest(1, request)).result, TaskResult.Canceled);
  await tasks.deleteAgent(1, agent.id);
});

test("every member of a request and of its agents is one of the client's interfaces", async () => {
  const agent = await register("small", { size: "small" });
  const { run } = await command("/jobs", { project: "shop", pool: "linux", demands: ["size"] });
  const { value } = await raw("distributedtask/pools/1/jobrequests");
  const [ofRequest, ofAgent] = [await members("TaskAgentJobRequest"), await members("TaskAgentReference")];
  assert.ok(value.length > 1);
  for (const request of value) {
    for (const name of Object.keys(request)) assert.ok(ofRequest.includes(name), `TaskAgentJobRequest.${name}`);
    for (const matched of request.matchedAgents ?? []) {
      // The interface spells `osDescription` in the form of its generator.
      const names = Object.keys(matched).filter((name) => name !== "osDescription");
      for (const name of names) assert.ok(ofAgent.includes(name), `TaskAgentReference.${name}`);
    }
  }
  await command(`/runs/${run}/cancellation`);
  await tasks.deleteAgent(1, agent.id);
});

test("an agent serves a job by session, message, renewal and result", async () => {
  const agent = await register("az-2", { size: "small" });
  const client = await clientOf(agent);
  const { request } = await command("/jobs", { project: "shop", pool: "linux", plan_version: 7 });
  const reference = { id: agent.id, name: agent.name, version: "4.274.1" };
  const session = await client.createAgentSession({ ownerName: "node", agent: reference, systemCapabilities: {} }, 1);
  await assert.rejects(client.createAgentSession({ ownerName: "other", agent: reference }, 1), { statusCode: 409 });
  const message = await client.getMessage(1, session.sessionId);
  assert.equal(message.messageType, "PipelineAgentJobRequest");
  assert.equal(JSON.parse(message.body).requestId, request);
  const renewed = await client.updateAgentRequest({ requestId: request }, 1, request, NO_LOCK);
  assert.ok(renewed.lockedUntil > new Date());
  await client.deleteMessage(1, message.messageId, session.sessionId);
  const [busy] = await tasks.getAgents(1, "az-2", false, true);
  assert.deepEqual([busy.status, busy.assignedRequest.requestId], [TaskAgentStatus.Online, request]);
  await assert.rejects(tasks.deleteAgent(1, agent.id), /is running a job for pool/);
  const finished = { requestId: request, result: TaskResult.Succeeded, finishTime: new Date() };
  assert.equal((await client.updateAgentRequest(finished, 1, request, NO_LOCK)).result, TaskResult.Succeeded);
  await client.deleteAgentSession(1, session.sessionId);
  const [done] = await tasks.getAgents(1, "az-2", false, true, true);
  assert.equal(done.lastCompletedRequest.result, TaskResult.Succeeded);
  await tasks.deleteAgent(1, agent.id);
});

test("packages and parallel jobs are read", async () => {
  const [newest] = await tasks.getPackages("pipelines-agent", "linux-x64", 1);
  assert.equal(newest.filename, "pipelines-agent-linux-x64-4.274.1.tar.gz");
  const usage = await tasks.getResourceUsage("Private", false, true);
  assert.deepEqual([usage.usedCount, usage.resourceLimit.totalCount], [0, 10]);
  assert.equal((await tasks.getResourceLimits()).length, 1);
});

test("a wrong and an expired token are errors, since the client suppresses the sign-in page", async () => {
  await command("/tokens", { text: "old", expires_at: "2020-01-01T00:00:00Z" });
  for (const [handler, expected] of [
    [getBearerHandler("forged"), /TF400813/],
    [getPersonalAccessTokenHandler("old"), /Personal Access Token used has expired/],
  ]) {
    await assert.rejects(new WebApi(base, handler).getTaskAgentApi(), (error) => {
      assert.equal(error.statusCode, 401);
      assert.match(error.message, expected);
      return true;
    });
  }
});
