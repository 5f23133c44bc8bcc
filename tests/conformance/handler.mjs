// Starts the handler and calls its functions as the Functions host does.

import { randomUUID } from "node:crypto";

import { sign } from "@octokit/webhooks-methods";

import { freePort, orEnd, program, start } from "./programs.mjs";

const SECRET = "conformance-webhook-secret";
/** An address of GitHub's published hook ranges, in the form in which Azure's front end appends it. */
const GITHUB = "140.82.115.7:43210";

/** Starts a handler with the environment of the host, storage, and additional settings. */
export async function startHandler(storage, settings = {}) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const running = start(program("handler"), [], {
    ...hostEnvironment(port),
    AzureWebJobsStorage__accountName: "conformance",
    BatchAccountUrl: "http://127.0.0.1:9",
    BatchAccountName: "conformance",
    BatchAccountKey: "aHVzaC1odXNoLWh1c2gtaHVzaA==",
    ClaimUrl: `${url}/api/ClaimRunner`,
    ContainerRegistryServer: "conformance.azurecr.io",
    GithubToken: "ghp_conformance",
    GithubWebhookSecret: SECRET,
    RunnerQueueUrl: storage.queue,
    StateContainerUrl: storage.state,
    AllowedRepositories: "*/*",
    TicketKey: "conformance-tickets",
    ...settings,
  });
  await orEnd(running, running.output.until(/ready address=/));
  return {
    output: running.output,
    end: running.end,
    deliver: (event, payload) => deliver(url, event, payload),
    submit: (request) => submit(url, request),
  };
}

/** The variables that the host and the platform set for every custom handler. */
function hostEnvironment(port) {
  return {
    PATH: process.env.PATH,
    FUNCTIONS_CUSTOMHANDLER_PORT: String(port),
    FUNCTIONS_CUSTOMHANDLER_WORKER_ID: randomUUID(),
    FUNCTIONS_EXTENSION_VERSION: "~4",
    FUNCTIONS_WORKER_RUNTIME: "custom",
    REQUEST_ID: randomUUID(),
    WEBSITE_HOSTNAME: "conformance.azurewebsites.net",
    WEBSITE_SITE_NAME: "conformance",
  };
}

/** Delivers a signed event; returns the status and the JSON of the response. */
async function deliver(url, event, payload) {
  const body = JSON.stringify(payload);
  const response = await fetch(`${url}/api/ProvideActionsRunner?code=key`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "User-Agent": "GitHub-Hookshot/044aadd",
      "X-Forwarded-For": GITHUB,
      "X-GitHub-Delivery": randomUUID(),
      "X-GitHub-Event": event,
      "X-Hub-Signature-256": await sign(SECRET, body),
    },
    body,
  });
  return { status: response.status, body: await response.json() };
}

/** Calls SubmitRunnerTask with a message in the host's envelope. */
async function submit(url, request) {
  // The host serializes a string value a second time:
  // https://learn.microsoft.com/azure/azure-functions/functions-custom-handlers#request-payload
  const text = JSON.stringify(JSON.stringify({ v: 1, ...request }));
  const response = await fetch(`${url}/SubmitRunnerTask`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ Data: { request: text }, Metadata: { DequeueCount: "1" } }),
  });
  return { status: response.status, body: await response.text() };
}
