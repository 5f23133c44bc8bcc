// Checks the deliveries of the emulated GitHub against the schemas of octokit and of GitHub.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { verify } from "@octokit/webhooks-methods";

import { ENTERPRISE, PERSON, startGithub } from "../github_emulator.mjs";
import { endAll } from "../programs.mjs";
import { startReceiver } from "./receiver.mjs";
import { github as ofGithub, octokit as ofOctokit } from "./schemas.mjs";

const SECRET = "conformance-webhook-secret";
const HOOKS = [
  { organization: "octo" },
  { repository: `${PERSON}/app` },
  { repository: "octo/app" },
  { enterprise: ENTERPRISE },
];

const running = [];
let github, receiver, received;

before(async () => {
  github = await startGithub();
  running.push(github);
  receiver = await startReceiver();
  running.push(receiver);
  received = receiver.received;
  await produceAllDeliveries();
});
after(() => endAll(running));

/** Runs each kind of job that has different webhooks. */
async function produceAllDeliveries() {
  await github.command("repositories", { full_name: "octo/open", visibility: "public" });
  await github.command("repositories", { full_name: "octo/inner", visibility: "internal" });
  for (const repository of ["octo/app", `${PERSON}/app`]) {
    await github.command("repositories", { full_name: repository });
  }
  for (const scope of HOOKS) {
    await github.command("hooks", { url: receiver.url, secret: SECRET, scope });
  }
  for (const repository of ["octo/app", "octo/open", "octo/inner", `${PERSON}/app`]) {
    await github.command("jobs", { repository, labels: ["self-hosted", repository] });
    await github.serve(repository, "served", ["self-hosted", repository]);
    await cancelled(repository);
    await gated(repository, "waiting_first");
    await gated(repository, "queued_then_gated");
  }
  const failing = { repository: "octo/app", labels: ["fails"], script: "exit 1" };
  const { job } = await github.command("jobs", failing);
  await github.serve("octo/app", "failed", ["fails"]);
  await receiver.until("the end of the failed job", isOver(job));
  await github.command(`jobs/${job}/redelivery`);
  const again = await github.command(`jobs/${job}/rerun`);
  await github.command(`jobs/${again.job}/cancellation`);
  await receiver.until("the end of the second attempt", isOver(again.job));
}

/** Cancels eight jobs: whether the runner of such a job is null, or 0 and empty, is chosen at random. */
async function cancelled(repository) {
  for (let time = 0; time < 8; time += 1) {
    const { job } = await github.command("jobs", { repository, labels: [] });
    await github.command(`jobs/${job}/cancellation`);
    await receiver.until("the end of a cancelled job", isOver(job));
  }
}

async function gated(repository, gate) {
  const { job } = await github.command("jobs", { repository, labels: ["gated"], gate });
  await github.command(`jobs/${job}/approval`);
  await github.serve(repository, gate, ["gated"]);
  await receiver.until("the end of a gated job", isOver(job));
}

/** Returns whether every hook of its repository has received a job's completion. */
function isOver(job) {
  return (deliveries) => {
    const ends = deliveries.filter(
      ({ payload }) => payload.action === "completed" && payload.workflow_job.id === job,
    );
    return ends.length > 0 && ends.length === hooksOf(ends[0].payload.repository.full_name);
  };
}

function hooksOf(repository) {
  return { "octo/app": 3, [`${PERSON}/app`]: 1 }[repository] ?? 2;
}

/** Returns a line that distinguishes the delivery of a job from others. */
function kind({ action, workflow_job: job, repository }) {
  const runner = JSON.stringify(job.runner_name && "a runner");
  const { type } = repository.owner;
  return `${action} ${job.status} ${job.conclusion} on ${runner}, ${type} ${repository.visibility}`;
}

test("every kind of delivery is received", () => {
  const jobs = received.filter(({ event }) => event === "workflow_job");
  const kinds = [...new Set(jobs.map(({ payload }) => kind(payload)))].sort();
  const of = (owner) => [
    `completed completed cancelled on "", ${owner}`,
    `completed completed cancelled on null, ${owner}`,
    `completed completed success on "a runner", ${owner}`,
    `in_progress in_progress null on "a runner", ${owner}`,
    `queued queued null on null, ${owner}`,
    `queued waiting null on null, ${owner}`,
    `waiting waiting null on null, ${owner}`,
  ];
  const owners = ["Organization internal", "Organization private", "Organization public", "User private"];
  const failed = `completed completed failure on "a runner", Organization private`;
  assert.deepEqual(kinds, [...owners.flatMap(of), failed].sort());
});

for (const [whose, schemas] of Object.entries({ octokit: ofOctokit, GitHub: ofGithub })) {
  test(`every delivery validates against the schemas of ${whose}`, () => {
    assert.deepEqual([...new Set(received.flatMap(schemas()))], []);
  });
}

test("every hook receives a ping, and octokit verifies every signature", async () => {
  const pings = received.filter(({ event }) => event === "ping");
  assert.equal(pings.length, HOOKS.length);
  for (const { body, signature } of received) {
    assert.ok(await verify(SECRET, body, signature));
  }
});
