// Octokit with a user's token: lists, runners on three levels, and errors.

import assert from "node:assert/strict";
import { after, before } from "node:test";

import { ENTERPRISE, startGithub } from "../../github_emulator.mjs";
import { endAll } from "../../programs.mjs";
import { octokit, operation } from "./clients.mjs";

const CLIENT = "octokit 5.0.5";
const REPOSITORY = { owner: "octo", repo: "app" };
const RUNNER = { runner_group_id: 1, labels: ["self-hosted", "linux"] };
const running = [];
let github, client;

before(async () => {
  github = await startGithub();
  running.push(github);
  client = octokit(github);
  for (let number = 0; number < 35; number += 1) {
    await github.command("jobs", { repository: "octo/app", labels: ["self-hosted"] });
  }
  await github.command("releases", { version: "2.336.0" });
});
after(() => endAll(running));

operation(CLIENT, "GET /user", async () => {
  const { data, headers } = await client.rest.users.getAuthenticated();
  assert.equal(data.login, "octocat");
  assert.match(headers["x-oauth-scopes"], /repo/);
});

operation(CLIENT, "paginate GET /repos/{owner}/{repo}/actions/runs", async () => {
  const runs = await client.paginate(client.rest.actions.listWorkflowRunsForRepo, { ...REPOSITORY, per_page: 10 });
  assert.equal(new Set(runs.map(({ id }) => id)).size, 35);
});

operation(CLIENT, "filters of runs: status, event, branch, created", async () => {
  const today = new Date().toISOString().slice(0, 10);
  const count = async (filter) =>
    (await client.rest.actions.listWorkflowRunsForRepo({ ...REPOSITORY, ...filter })).data.total_count;
  assert.equal(await count({ status: "queued", event: "push", branch: "main", created: `>=${today}` }), 35);
  assert.deepEqual([await count({ event: "schedule" }), await count({ created: `<2020-01-01` })], [0, 0]);
});

operation(CLIENT, "runs, their attempts and jobs", async () => {
  const { data: list } = await client.rest.actions.listWorkflowRunsForRepo({ ...REPOSITORY, per_page: 1 });
  const run = { ...REPOSITORY, run_id: list.workflow_runs[0].id };
  assert.equal((await client.rest.actions.getWorkflowRun(run)).data.id, run.run_id);
  const attempt = { ...run, attempt_number: 1 };
  assert.equal((await client.rest.actions.getWorkflowRunAttempt(attempt)).data.run_attempt, 1);
  const { data: jobs } = await client.rest.actions.listJobsForWorkflowRunAttempt(attempt);
  assert.equal(jobs.total_count, 1);
  const job = { ...REPOSITORY, job_id: jobs.jobs[0].id };
  assert.equal((await client.rest.actions.getJobForWorkflowRun(job)).data.status, "queued");
});

operation(CLIENT, "cancel a run; 409 for a second time", async () => {
  const { data: list } = await client.rest.actions.listWorkflowRunsForRepo({ ...REPOSITORY, per_page: 1 });
  const run = { ...REPOSITORY, run_id: list.workflow_runs[0].id };
  assert.equal((await client.rest.actions.cancelWorkflowRun(run)).status, 202);
  await assert.rejects(client.rest.actions.cancelWorkflowRun(run), { status: 409 });
});

for (const [level, scope] of [
  ["repos/{owner}/{repo}", REPOSITORY],
  ["orgs/{org}", { org: "octo" }],
  ["enterprises/{enterprise}", { enterprise: ENTERPRISE }],
]) {
  const runners = `/${level}/actions/runners`;
  operation(CLIENT, `registration token, JIT configuration and runners at ${level}`, async () => {
    const token = await client.request(`POST ${runners}/registration-token`, scope);
    assert.equal(token.status, 201);
    const mint = () => client.request(`POST ${runners}/generate-jitconfig`, { ...scope, ...RUNNER, name: "gh-1" });
    const { data: minted } = await mint();
    assert.ok(minted.encoded_jit_config.length > 100);
    await assert.rejects(mint(), { status: 409 });
    const { data: named } = await client.request(`GET ${runners}`, { ...scope, name: "gh-1" });
    assert.equal(named.total_count, 1);
    const runner = { ...scope, runner_id: minted.runner.id };
    assert.equal((await client.request(`GET ${runners}/{runner_id}`, runner)).data.status, "offline");
    assert.equal((await client.request(`DELETE ${runners}/{runner_id}`, runner)).status, 204);
    await assert.rejects(client.request(`GET ${runners}/{runner_id}`, runner), { status: 404 });
    const { data: downloads } = await client.request(`GET ${runners}/downloads`, scope);
    assert.ok(downloads.some(({ os, architecture }) => os === "linux" && architecture === "x64"));
  });
}

operation(CLIENT, "runner groups of an organization", async () => {
  await github.command("groups", { name: "build", scope: { organization: "octo" }, repositories: ["octo/app"] });
  const groups = await client.paginate("GET /orgs/{org}/actions/runner-groups", { org: "octo", per_page: 1 });
  assert.deepEqual(groups.map(({ name }) => name), ["Default", "build"]);
});

operation(CLIENT, "HEAD, ETag and 304", async () => {
  const head = await client.request("HEAD /repos/{owner}/{repo}", REPOSITORY);
  assert.ok(!head.data);
  const seen = { ...REPOSITORY, headers: { "if-none-match": head.headers.etag } };
  await assert.rejects(client.rest.repos.get(seen), { status: 304 });
});

operation(CLIENT, "latest release of the runner", async () => {
  const { data } = await client.rest.repos.getLatestRelease({ owner: "actions", repo: "runner" });
  assert.equal(data.tag_name, "v2.336.0");
});

operation(CLIENT, "versions of the API; 400 for others", async () => {
  const version = (value) => ({ headers: { "x-github-api-version": value } });
  assert.deepEqual((await client.request("GET /versions")).data, ["2026-03-10", "2022-11-28"]);
  assert.equal((await client.request("GET /rate_limit", version("2026-03-10"))).data.rate, undefined);
  await assert.rejects(client.request("GET /rate_limit", version("2025-10-01")), { status: 400 });
});

operation(CLIENT, "a wrong token: 401", async () => {
  await assert.rejects(octokit(github, { auth: "ghp_wrong" }).rest.users.getAuthenticated(), { status: 401 });
});

operation(CLIENT, "an operation that is not modelled: 501", async () => {
  await assert.rejects(client.rest.issues.listForRepo({ ...REPOSITORY, request: { retries: 0 } }), { status: 501 });
});
