// Microsoft's clients for Node get the same from Azurite and from the storage emulators.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { BlobServiceClient, StorageSharedKeyCredential as BlobCredential } from "@azure/storage-blob";
import { QueueServiceClient, StorageSharedKeyCredential as QueueCredential } from "@azure/storage-queue";

import { blobOperations } from "./clients/blobs.mjs";
import { DIFFERENT } from "./clients/different.mjs";
import { queueOperations } from "./clients/queues.mjs";
import { ACCOUNT, KEY, startAzurite, startEmulators } from "./services.mjs";

const README = new URL("../../../emulators/storage/README.md", import.meta.url);
const options = { retryOptions: { maxTries: 1 } };
const CLIENTS = {
  "@azure/storage-blob": ({ blob }) =>
    blobOperations(new BlobServiceClient(`${blob}/${ACCOUNT}`, new BlobCredential(ACCOUNT, KEY), options)),
  "@azure/storage-queue": ({ queue }) =>
    queueOperations(new QueueServiceClient(`${queue}/${ACCOUNT}`, new QueueCredential(ACCOUNT, KEY), options)),
};

let azurite, emulator;
before(async () => {
  [azurite, emulator] = await Promise.all([startAzurite(), startEmulators()]);
});
after(async () => {
  await Promise.all([azurite, emulator].map((service) => service?.end()));
});

for (const [client, operations] of Object.entries(CLIENTS)) {
  test(`${client}: each operation has the expected result`, async (t) => {
    const rows = [];
    const theirs = operations(azurite.urls);
    for (const [name, ours] of Object.entries(operations(emulator.urls))) {
      const [expected, actual] = [await outcome(theirs[name]), await outcome(ours)];
      rows.push(`| ${name} | ${actual} | ${actual === expected ? "the same" : expected} |`);
    }
    t.diagnostic(["operation | emulator | Azurite", ...rows].join("\n"));
    const different = rows.filter((row) => !row.endsWith("| the same |"));
    const known = DIFFERENT[client].map(([name, ours, theirs]) => `| ${name} | ${ours} | ${theirs} |`);
    assert.equal(different.join("\n"), known.join("\n"));
    const summary = `${rows.length} calls, ${rows.length - different.length} with the result that Azurite gives`;
    assert.ok(readFileSync(README, "utf8").includes(summary), `the README says: ${summary}`);
  });
}

/** Returns the result of an operation as text, or the status and code of its error. */
async function outcome(operation) {
  try {
    const result = await operation();
    return typeof result === "object" ? "succeeded" : String(result);
  } catch (error) {
    return error.statusCode ? [error.statusCode, error.code].filter(Boolean).join(" ") : `failed: ${error.message}`;
  }
}
