// GitHub Apps: octokit's App, and probot with emulated deliveries.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before } from "node:test";

import { App, Octokit } from "octokit";
import { Probot, createNodeMiddleware } from "probot";

import { startGithub } from "../../github_emulator.mjs";
import { endAll } from "../../programs.mjs";
import { octokit, operation, register, until } from "./clients.mjs";

const APP = "@octokit/app 16.1.4";
const PROBOT = "probot 14.3.2";
const SECRET = "hush";
const PERMISSIONS = { actions: "write", administration: "write", organization_self_hosted_runners: "write" };
const running = [];
let github, key, app;

before(async () => {
  github = await startGithub();
  running.push(github);
  for (const repository of ["octo/app", "octo/shop", "corp/app", "corp/web"]) {
    await github.command("repositories", { full_name: repository });
  }
  key = await register(github, 7, ["octo", "corp"], PERMISSIONS);
  app = new App({ ...key, Octokit: Octokit.defaults({ baseUrl: github.url }) });
});
after(() => endAll(running));

operation(APP, "GET /app", async () => {
  const { data } = await app.octokit.request("GET /app");
  assert.deepEqual([data.id, data.installations_count], [7, 2]);
});

operation(APP, "eachInstallation", async () => {
  const accounts = [];
  for await (const { installation } of app.eachInstallation.iterator()) accounts.push(installation.account.login);
  assert.deepEqual(accounts.sort(), ["corp", "octo"]);
});

operation(APP, "eachRepository of all installations", async () => {
  const names = [];
  for await (const { repository } of app.eachRepository.iterator()) names.push(repository.full_name);
  assert.deepEqual(names.sort(), ["corp/app", "corp/web", "octo/app", "octo/shop"]);
});

operation(APP, "installation of a repository, an organization and by id", async () => {
  const { data: found } = await app.octokit.rest.apps.getRepoInstallation({ owner: "octo", repo: "app" });
  const { data: same } = await app.octokit.rest.apps.getOrgInstallation({ org: "octo" });
  const { data: again } = await app.octokit.rest.apps.getInstallation({ installation_id: found.id });
  assert.deepEqual([same.id, again.id], [found.id, found.id]);
  const runners = await (await app.getInstallationOctokit(found.id)).request("GET /orgs/octo/actions/runners");
  assert.equal(runners.data.total_count, 0);
});

operation(APP, "a token for one repository and one permission", async () => {
  const { data: installation } = await app.octokit.rest.apps.getOrgInstallation({ org: "octo" });
  const { data: token } = await app.octokit.rest.apps.createInstallationAccessToken({
    installation_id: installation.id,
    repositories: ["app"],
    permissions: { actions: "read" },
  });
  assert.deepEqual(token.permissions, { actions: "read", metadata: "read" });
  const narrow = octokit(github, { auth: token.token });
  const status = async (path) => (await narrow.request(path).catch((error) => error)).status;
  assert.equal(await status("GET /repos/octo/app/actions/runs"), 200);
  assert.equal(await status("GET /repos/octo/app/actions/runners"), 403);
  assert.equal(await status("GET /repos/octo/shop/actions/runs"), 404);
  assert.equal((await narrow.rest.apps.revokeInstallationAccessToken()).status, 204);
  assert.equal(await status("GET /repos/octo/app"), 401);
});

operation(APP, "422 for permissions and repositories that are not granted", async () => {
  const { data: installation } = await app.octokit.rest.apps.getOrgInstallation({ org: "octo" });
  for (const wanted of [{ permissions: { contents: "write" } }, { repositories: ["none"] }]) {
    const request = { installation_id: installation.id, ...wanted };
    await assert.rejects(app.octokit.rest.apps.createInstallationAccessToken(request), { status: 422 });
  }
});

operation(PROBOT, "deliveries with a valid signature reach the App, which calls the API", async () => {
  const { received, url } = await startProbot(SECRET);
  await github.command("hooks", { url, secret: SECRET, app: 7 });
  const { job } = await github.command("jobs", { repository: "octo/app", labels: ["self-hosted"] });
  const [first] = await until(() => received.length > 0 && received);
  assert.deepEqual(first, { action: "queued", job, status: "queued" });
  const { data } = await app.octokit.request("GET /app/hook/deliveries");
  assert.ok(data.every(({ status_code: status }) => status === 200));
});

operation(PROBOT, "a delivery with another secret is rejected, and delivered again on request", async () => {
  const { received, url } = await startProbot("another secret");
  await github.command("hooks", { url, secret: SECRET, app: 7 });
  await github.command("jobs", { repository: "corp/app", labels: ["self-hosted"] });
  const failed = await until(async () => {
    const { data } = await app.octokit.request("GET /app/hook/deliveries", { status: "failure" });
    return data.find(({ action }) => action === "queued");
  });
  assert.deepEqual([failed.status_code, received.length], [400, 0]);
  await moveWebhook((await startProbot(SECRET)).url);
  await app.octokit.rest.apps.redeliverWebhookDelivery({ delivery_id: failed.id });
  await until(async () => {
    const { data } = await app.octokit.request("GET /app/hook/deliveries", { status: "success" });
    return data.some(({ guid, redelivery }) => guid === failed.guid && redelivery);
  });
});

/** Changes the URL of the App's webhook. Octokit would take a field `url` for the URL of the request. */
async function moveWebhook(url) {
  const { token } = await app.octokit.auth({ type: "app" });
  const headers = { authorization: `Bearer ${token}`, "user-agent": "conformance" };
  const moved = await fetch(`${github.url}/app/hook/config`, { method: "PATCH", headers, body: JSON.stringify({ url }) });
  assert.equal((await moved.json()).url, url);
}

/** Starts an App that reads the job of each delivery. */
async function startProbot(secret) {
  const received = [];
  const probot = new Probot({ ...key, secret, baseUrl: github.url, logLevel: "fatal" });
  const load = (app) =>
    app.on("workflow_job.queued", async (context) => {
      const { id } = context.payload.workflow_job;
      const { data } = await context.octokit.rest.actions.getJobForWorkflowRun(context.repo({ job_id: id }));
      received.push({ action: context.payload.action, job: id, status: data.status });
    });
  const middleware = await createNodeMiddleware(load, { probot, webhooksPath: "/" });
  const server = createServer((request, response) => middleware(request, response, () => response.writeHead(404).end()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  running.push({
    async end() {
      server.closeAllConnections();
      server.close();
    },
  });
  return { received, url: `http://127.0.0.1:${server.address().port}/` };
}
