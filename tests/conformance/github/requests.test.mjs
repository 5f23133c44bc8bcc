// What the handler asks of GitHub, against GitHub's own description of its API.
//
// Prism stands in for GitHub and answers with GitHub's examples. Where a story needs a certain answer,
// another example is asked for, or the example is changed in the fields that the story needs.

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";

import { startHandler } from "../handler.mjs";
import { ROOT, emulate, endAll } from "../programs.mjs";
import { startStorage } from "../storage.mjs";
import { startExchange } from "./exchange.mjs";
import { fault, mock, readContract } from "./prism.mjs";

const KEY = "YSBrZXkgZm9yIGxvb3BiYWNrIGFsb25l";
const LABELS = ["self-hosted", "linux", "x64", "ubuntu-latest"];
const SCOPES = {
  "repos/octo/app": { RunnerScope: "repository" },
  "orgs/octo": { RunnerScope: "organization" },
  "enterprises/octo-corp": { RunnerScope: "enterprise", GithubEnterprise: "octo-corp" },
};

const running = [];
let contract, prism, storage, batch;
let job = 4_000_000_000;

before(async () => {
  contract = await readContract();
  prism = await mock(contract);
  storage = await startStorage();
  const program = path.join(ROOT, "tests/conformance/github/claim.sh");
  batch = await emulate("batch", "--account", "conformance", "--key", KEY, "--program", program);
  running.push(prism, storage, batch);
});
after(() => endAll(running));

/** Has a handler with these settings submit the task of a job, and gives what it asked of GitHub. */
async function story(settings, { until, shape = () => ({}) }) {
  job += 1;
  const asked = [];
  const faults = [];
  const changes = new Map();
  const target = (request) => {
    const { prefer, change } = shape(request, asked);
    if (prefer) request.headers.prefer = prefer;
    request.headers.accept = negotiable(request.headers.accept);
    asked.push(`${request.method} ${request.url.replaceAll(job, "JOB").slice(1)}`);
    changes.set(request, change);
    return prism.url;
  };
  const see = (request, answer) => {
    const found = fault(contract, request, answer);
    if (found) faults.push(`${request.method} ${request.url}: ${found}`);
    const change = changes.get(request);
    return change && JSON.stringify({ ...JSON.parse(answer.body), ...change });
  };
  const github = await startExchange({ target, see });
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
    assert.equal(status, 200, handler.said.text);
    await handler.said.until(until);
  } catch (error) {
    if (faults.length === 0) throw error;
  } finally {
    await endAll([github, handler]);
  }
  assert.deepEqual(faults, []);
  return asked;
}

/**
 * GitHub's manual recommends a media type that its description does not have, and Prism negotiates by that.
 *
 * https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#accept
 */
function negotiable(accept) {
  return accept === "application/vnd.github+json" ? "application/json" : accept;
}

/** What GitHub answers so that the job waits, and the first registration meets a runner that never came. */
function waitingWithNamesake({ method, url }, asked) {
  if (url.includes("/actions/jobs/")) return { change: { status: "queued", labels: LABELS } };
  if (method === "GET" && /\/runners\?/.test(url)) {
    const namesake = { id: 23, name: `gh-${job}`, os: "unknown", status: "offline", busy: false };
    return { change: { total_count: 1, runners: [{ ...namesake, labels: [] }] } };
  }
  const first = !asked.some((one) => one.endsWith("/generate-jitconfig"));
  return url.endsWith("/generate-jitconfig") && first ? { prefer: "code=409" } : {};
}

for (const [scope, settings] of Object.entries(SCOPES)) {
  test(`registration by token is asked of ${scope} as described`, async () => {
    const token = { RunnerRegistration: "token", ...settings };
    const asked = await story(token, { until: / added function=/ });
    assert.deepEqual(asked, [`POST ${scope}/actions/runners/registration-token`]);
  });

  test(`a claim of ${scope}, with a name that is taken, is asked as described`, async () => {
    const claim = { until: / claimed/, shape: waitingWithNamesake };
    const asked = await story({ RunnerRegistration: "jit", ...settings }, claim);
    const mint = `POST ${scope}/actions/runners/generate-jitconfig`;
    assert.deepEqual(asked, [
      "GET repos/octo/app/actions/jobs/JOB",
      mint,
      `GET ${scope}/actions/runners?name=gh-JOB&per_page=100`,
      `DELETE ${scope}/actions/runners/23`,
      mint,
    ]);
  });
}

/** Groups of GitHub's own examples. */
for (const [scope, group] of [
  ["orgs/octo", "octo-runner-group"],
  ["enterprises/octo-corp", "expensive-hardware"],
]) {
  test(`the runner group ${group} is looked for in ${scope} as described`, async () => {
    const shape = ({ url }) =>
      url.includes("/actions/jobs/") ? { change: { status: "queued", labels: LABELS } } : {};
    const settings = { ...SCOPES[scope], RunnerGroup: group };
    const asked = await story(settings, { until: / claimed/, shape });
    assert.deepEqual(asked, [
      "GET repos/octo/app/actions/jobs/JOB",
      `GET ${scope}/actions/runner-groups?per_page=100`,
      `POST ${scope}/actions/runners/generate-jitconfig`,
    ]);
  });
}
