// @azure/identity over HTTPS: a workload's federated token becomes an access token, and storage accepts it.
//
// Node reads NODE_EXTRA_CA_CERTS when it starts, so the client runs in a process of its own.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

import { emulate, ROOT, start } from "../programs.mjs";

const CLIENT = "11111111-2222-3333-4444-555555555555";
const TENANT = "6d617966-6c79-4c69-a665-73666f726461";
const PROGRAM = path.join(ROOT, "tests/conformance/batch/token_client.mjs");

let folder;
let emulators;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "tokens-"));
  const ca = ["--tls-ca", path.join(folder, "ca")];
  const token = ["--federated-token", path.join(folder, "token"), "--user-assigned", CLIENT];
  emulators = [await emulate("identity", ...ca, ...token), await emulate("queue", ...ca)];
});

after(async () => {
  for (const emulator of emulators) await emulator.end();
  await rm(folder, { recursive: true });
});

test("the credentials of @azure/identity use storage", async () => {
  const [identity, queue] = emulators;
  const client = start(process.execPath, [PROGRAM], {
    PATH: process.env.PATH,
    NODE_EXTRA_CA_CERTS: path.join(folder, "ca/ca.pem"),
    AZURE_AUTHORITY_HOST: identity.url,
    AZURE_TENANT_ID: TENANT,
    AZURE_CLIENT_ID: CLIENT,
    AZURE_FEDERATED_TOKEN_FILE: path.join(folder, "token"),
    QUEUES: `${queue.url}/mayflystorage`,
  });
  await client.ended;
  assert.match(client.output.text, /AADSTS700016/);
  assert.match(client.output.text, /^end$/m);
  const headers = { Authorization: `Bearer ${queue.control.token}` };
  const calls = await (await fetch(`${queue.control.url}/calls`, { headers })).json();
  assert.equal(calls.PutMessage, 2);
});
