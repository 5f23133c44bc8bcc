// Clients of the emulated GitHub, and the table of the operations that were tried with them.

import { generateKeyPairSync } from "node:crypto";
import { after, test } from "node:test";

import { Octokit } from "octokit";

import { TOKEN } from "../../github_emulator.mjs";

/** What each client tried, and whether it passed. */
const tried = [];

/** Declares a test of one operation of a client, which becomes a row of the table. */
export function operation(client, name, act) {
  const row = { client, name, result: "failed" };
  tried.push(row);
  test(`${client}: ${name}`, async (context) => {
    await act(context);
    row.result = "passed";
  });
}

after(() => {
  const rows = tried.map(({ client, name, result }) => `| ${client} | ${name} | ${result} |`);
  console.log(["| client | operation | result |", "|---|---|---|", ...rows].join("\n"));
});

/** Returns octokit with a user's token. Its throttling plugin never waits for a limit, unless `throttle` says so. */
export function octokit(github, { auth = TOKEN, throttle = {}, ...more } = {}) {
  const stop = () => false;
  return new Octokit({
    auth,
    baseUrl: github.url,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    throttle: { onRateLimit: stop, onSecondaryRateLimit: stop, ...throttle },
    ...more,
  });
}

/** Registers a GitHub App that is installed on these accounts; returns its id and its private key. */
export async function register(github, id, accounts, permissions) {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = publicKey.export({ type: "pkcs1", format: "der" }).toString("base64");
  const client = `Iv1.${id}`;
  await github.command("apps", { id, client_id: client, public_key: key, installed_on: accounts, permissions });
  return { appId: id, clientId: client, privateKey: privateKey.export({ type: "pkcs8", format: "pem" }) };
}

/** Repeats a check until it returns something. */
export async function until(check) {
  const end = Date.now() + 20_000;
  while (Date.now() < end) {
    const found = await check();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("it never happened");
}
