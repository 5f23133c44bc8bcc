// Checks the handler's requests against GitHub's own description of its API.
//
// Prism replaces GitHub and responds with GitHub's examples. If a test needs a certain response, it requests
// another example, or changes fields of the example.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";

import { startHandler } from "../handler.mjs";
import { ROOT, emulate, endAll } from "../programs.mjs";
import { startStorage } from "../storage.mjs";
import { startExchange } from "./exchange.mjs";
import { fault, mock, readContract } from "./prism.mjs";

const KEY = "YSBrZXkgZm9yIGxvb3BiYWNrIGFsb25l";
const LABELS = ["self-hosted", "linux", "x64", "ubuntu-latest"];
/** The runner groups of GitHub's examples serve public repositories. */
const PUBLIC = { AllowPublicRepositories: "true" };
const SCOPES = {
  "repos/octo/app": { RunnerScope: "repository" },
  "orgs/octo": { RunnerScope: "organization", ...PUBLIC },
  "enterprises/octo-corp": { RunnerScope: "enterprise", GithubEnterprise: "octo-corp", ...PUBLIC },
};

const running = [];
let contract, prism, storage, batch;
let job = 4_000_000_000;

before(async () => {
  contract = await readContract();
  prism = await mock(contract);
  storage = await startStorage();
  const program = path.join(ROOT, "tests/conformance/github/claim.sh");
  const account = ["--account", "conformance", "--key", KEY, "--program", program];
  batch = await emulate("batch", ...account, "--pool", "ubuntu=4", "--plain-pool", "windows=4");
  running.push(prism, storage, batch);
});
after(() => endAll(running));

/** Lets a handler with these settings submit the task of a job, and returns its requests to GitHub. */
async function requestsOf(settings, { until, shape = () => ({}) }) {
  job += 1;
  const requests = [];
  const faults = [];
  const changes = new Map();
  const target = (request) => {
    const { prefer, change, lost } = shape(request, requests);
    if (prefer) request.headers.prefer = prefer;
    request.headers.accept = negotiable(request.headers.accept);
    requests.push(`${request.method} ${request.url.replaceAll(job, "JOB").slice(1)}`);
    changes.set(request, lost ? lose : change);
    return prism.url;
  };
  const inspect = (request, response) => {
    const found = fault(contract, request, response);
    if (found) faults.push(`${request.method} ${request.url}: ${found}`);
    const change = changes.get(request);
    return change && JSON.stringify(changed(JSON.parse(response.body), change));
  };
  const github = await startExchange({ target, inspect });
  const handler = await startHandler(storage, {
    BatchAccountKey: KEY,
    BatchAccountUrl: batch.url,
    GithubApiUrl: github.url,
    GithubHookRanges: "any",
    ...settings,
  });
  try {
    const requested_at = new Date().toISOString();
    const request = { job, run: 7, repository: "octo/app", profile: "ubuntu", requested_at };
    const { status } = await handler.submit({ ...request, replacement: 1 });
    assert.equal(status, 200, handler.output.text);
    await handler.output.until(until);
  } catch (error) {
    if (faults.length === 0) throw error;
  } finally {
    await endAll([github, handler]);
  }
  assert.deepEqual(faults, []);
  return requests;
}

/**
 * Returns the media type of the description, by which Prism negotiates, for the one that GitHub's manual recommends.
 *
 * https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#accept
 */
function negotiable(accept) {
  return accept === "application/vnd.github+json" ? "application/json" : accept;
}

/** Changes fields of a response, or the response by a function. */
function changed(body, change) {
  return typeof change === "function" ? change(body) : { ...body, ...change };
}

/** Loses a response: the exchange closes the connection. */
function lose() {
  throw new Error("the response is lost");
}

/** The fields of a job of octo/app that waits. */
const WAITING = {
  status: "queued",
  labels: LABELS,
  url: "https://api.github.com/repos/octo/app/actions/jobs/7",
  html_url: "https://github.com/octo/app/actions/runs/7/job/7",
};

/** Responses for a job that waits, and for a name that an offline runner has: the response to its registration was lost. */
function waitingWithExistingRunner({ method, url }, requests) {
  if (url.includes("/actions/jobs/")) return { change: WAITING };
  if (url === "/repos/octo/app") return { change: { private: true } };
  if (method === "GET" && /\/runners\?/.test(url)) {
    const runner = { id: 23, name: `gh-${job}`, os: "unknown", status: "offline", busy: false };
    return { change: { total_count: 1, runners: [{ ...runner, labels: [] }] } };
  }
  if (!url.endsWith("/generate-jitconfig")) return {};
  const earlier = requests.filter((one) => one.endsWith("/generate-jitconfig")).length;
  return [{ lost: true }, { prefer: "code=409" }][earlier] ?? {};
}

for (const [scope, settings] of Object.entries(SCOPES)) {
  test(`a registration token of ${scope} is requested as described`, async () => {
    const token = { RunnerRegistration: "token", ...settings };
    const requests = await requestsOf(token, { until: /task gh-\d+ added/ });
    assert.deepEqual(requests, [...lookup(scope), `POST ${scope}/actions/runners/registration-token`]);
  });

  test(`a claim in ${scope} whose runner name exists makes only described requests`, async () => {
    const claim = { until: /got the configuration of its runner/, shape: waitingWithExistingRunner };
    const requests = await requestsOf({ RunnerRegistration: "jit", ...settings }, claim);
    const mint = `POST ${scope}/actions/runners/generate-jitconfig`;
    assert.deepEqual(requests, [
      ...read(scope),
      ...lookup(scope),
      mint,
      ...read(scope),
      mint,
      `GET ${scope}/actions/runners?name=gh-JOB&per_page=100`,
      `DELETE ${scope}/actions/runners/23`,
      mint,
    ]);
  });
}

/** The requests about the job of a claim, and about its repository where public ones are not allowed. */
function read(scope) {
  const waiting = "GET repos/octo/app/actions/jobs/JOB";
  return scope.startsWith("repos/") ? [waiting, "GET repos/octo/app"] : [waiting];
}

/** The request that finds the default group, which a repository does not have. */
function lookup(scope) {
  return scope.startsWith("repos/") ? [] : [`GET ${scope}/actions/runner-groups?per_page=100`];
}

test("an App finds its installation and obtains a token as described", async () => {
  const shape = ({ url }) =>
    url.endsWith("/access_tokens") ? { change: { expires_at: "2999-01-01T00:00:00Z" } } : {};
  const key = await readFile(path.join(ROOT, "handler/tests/keys/app.pkcs8.pem"), "utf8");
  const app = { AllowedRepositories: "octo/*", GithubToken: "", GithubAppId: "7", GithubAppPrivateKey: key };
  const requests = await requestsOf({ RunnerRegistration: "token", ...app }, { until: /task gh-\d+ added/, shape });
  assert.deepEqual(requests, [
    "GET repos/octo/app/installation",
    "POST app/installations/1/access_tokens",
    "POST repos/octo/app/actions/runners/registration-token",
  ]);
});

/** Makes all groups of GitHub's examples the organization's own: a group of its enterprise is not chosen. */
function own(list) {
  return { ...list, runner_groups: list.runner_groups.map((group) => ({ ...group, inherited: false })) };
}

/** Groups of GitHub's own examples, and the lists that are read of those with selected access. */
for (const [scope, group, access] of [
  ["orgs/octo", "octo-runner-group", ["2/repositories"]],
  ["enterprises/octo-corp", "expensive-hardware", []],
]) {
  test(`the runner group ${group} is searched in ${scope} as described`, async () => {
    const shape = ({ url }) => {
      if (url.includes("/actions/jobs/")) return { change: WAITING };
      return /\/runner-groups\?/.test(url) ? { change: own } : {};
    };
    const settings = { ...SCOPES[scope], RunnerGroup: group };
    const requests = await requestsOf(settings, { until: /got the configuration of its runner/, shape });
    assert.deepEqual(requests, [
      "GET repos/octo/app/actions/jobs/JOB",
      `GET ${scope}/actions/runner-groups?per_page=100`,
      ...access.map((list) => `GET ${scope}/actions/runner-groups/${list}?per_page=100`),
      `POST ${scope}/actions/runners/generate-jitconfig`,
    ]);
  });
}
