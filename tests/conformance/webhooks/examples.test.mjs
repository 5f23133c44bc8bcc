// Sends GitHub's own examples of its webhooks, signed by octokit, to the handler.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { startHandler } from "../handler.mjs";
import { endAll } from "../programs.mjs";
import { startStorage } from "../storage.mjs";

const examples = createRequire(import.meta.url)("@octokit/webhooks-examples");
const running = [];
let storage;

before(async () => {
  storage = await startStorage();
  running.push(storage);
});
after(() => endAll(running));

function examplesOf(event) {
  return examples.find(({ name }) => name === event).examples;
}

async function handlerWith(settings) {
  const handler = await startHandler(storage, settings);
  running.push(handler);
  return handler;
}

async function responsesTo(handler, event, payloads) {
  const responses = [];
  for (const payload of payloads) {
    const { status, body } = await handler.deliver(event, payload);
    responses.push(`${status} ${body.decision}: ${body.reason ?? body.profile}`);
  }
  return responses;
}

test("unchanged examples are ignored with a reason", async () => {
  const handler = await handlerWith({});
  const [jobs, pings] = [examplesOf("workflow_job"), examplesOf("ping")];
  const publicOnes = "setting AllowPublicRepositories does not allow any";
  assert.deepEqual(await responsesTo(handler, "workflow_job", jobs), [
    "200 ignored: the labels match no profile, and none of them is self-hosted",
    ...Array(5).fill(`200 ignored: public repository: ${publicOnes}`),
    "200 ignored: queued, but waiting",
    "200 ignored: action waiting",
  ]);
  assert.deepEqual(await responsesTo(handler, "ping", pings), Array(4).fill("200 ignored: ping"));
  assert.deepEqual(await storage.takeMessages(), []);
});

test("a job of GitHub-hosted runners is ignored even if public repositories are served", async () => {
  const handler = await handlerWith({ AllowPublicRepositories: "true" });
  const queued = examplesOf("workflow_job").filter(({ action }) => action === "queued");
  assert.deepEqual(await responsesTo(handler, "workflow_job", queued), [
    "200 ignored: github-hosted",
    "200 ignored: queued, but waiting",
  ]);
  assert.deepEqual(await storage.takeMessages(), []);
});

/** Changes an example to a queued job of a private repository without a runner. */
function queued(example, labels) {
  const payload = structuredClone(example);
  payload.action = "queued";
  payload.repository.private = true;
  Object.assign(payload.workflow_job, { status: "queued", conclusion: null, labels });
  for (const name of ["runner_id", "runner_name", "runner_group_id", "runner_group_name"]) {
    payload.workflow_job[name] = null;
  }
  return payload;
}

test("adapted examples are accepted, and each becomes one message", async () => {
  const handler = await handlerWith({});
  for (const example of examplesOf("workflow_job")) {
    const payload = queued(example, ["self-hosted", "ubuntu-latest"]);
    const { id: job, run_id: run } = payload.workflow_job;
    assert.deepEqual(await handler.deliver("workflow_job", payload), {
      status: 202,
      body: { decision: "accepted", task: `gh-${job}`, profile: "ubuntu" },
    });
    const [{ requested_at, ...message }, ...more] = await storage.takeMessages();
    const repository = payload.repository.full_name;
    const request = { v: 1, job, run, repository, profile: "ubuntu", replacement: 1 };
    assert.deepEqual(message, request);
    assert.ok(Math.abs(Date.now() - Date.parse(requested_at)) < 60_000, requested_at);
    assert.deepEqual(more, []);
  }
});

test("a queued example whose label no profile has is ignored with the label", async () => {
  const handler = await handlerWith({});
  const kubernetes = examplesOf("workflow_job").filter(
    ({ workflow_job: job }) => job.status === "waiting",
  );
  const payloads = kubernetes.map((example) => queued(example, example.workflow_job.labels));
  const responses = await responsesTo(handler, "workflow_job", payloads);
  assert.deepEqual(responses, Array(2).fill("200 ignored: no profile serves label k8s"));
  assert.deepEqual(await storage.takeMessages(), []);
});

test("an example that is signed with another secret is rejected", async () => {
  const handler = await handlerWith({ GithubWebhookSecret: "another-webhook-secret" });
  const payload = queued(examplesOf("workflow_job")[0], ["self-hosted", "ubuntu-latest"]);
  const { status } = await handler.deliver("workflow_job", payload);
  assert.equal(status, 401);
  assert.deepEqual(await storage.takeMessages(), []);
});
