// Starts Azurite and the storage emulators, with one account of the same name and key.

import path from "node:path";

import { ROOT, emulate, orEnd, start } from "../../conformance/programs.mjs";

export const ACCOUNT = "mayflystorage";
/** A value for loopback only. */
export const KEY = Buffer.from("a key for loopback only").toString("base64");

const AZURITE = path.join(ROOT, "tests/node_modules/.bin/azurite");
const LISTENS = /Azurite (Blob|Queue) service is successfully listening at (\S+)/;

/** Starts Azurite; returns the addresses of its services. */
export async function startAzurite() {
  const options = ["--blobPort", "0", "--queuePort", "0", "--tablePort", "0", "--silent"];
  const running = start(AZURITE, [...options, "--inMemoryPersistence", "--disableTelemetry"], {
    PATH: process.env.PATH,
    AZURITE_ACCOUNTS: `${ACCOUNT}:${KEY}`,
  });
  await orEnd(running, running.output.until(/Table service is successfully listening/));
  const lines = running.output.text.matchAll(new RegExp(LISTENS, "g"));
  const urls = Object.fromEntries([...lines].map(([, service, url]) => [service.toLowerCase(), url]));
  return { name: "azurite", urls, end: running.end };
}

/** Starts the emulators of queues and blobs. */
export async function startEmulators() {
  const account = ["--account", ACCOUNT, "--key", KEY];
  const [blob, queue] = await Promise.all([emulate("blob", ...account), emulate("queue", ...account)]);
  return {
    name: "emulator",
    urls: { blob: blob.url, queue: queue.url },
    async end() {
      await Promise.all([blob.end(), queue.end()]);
    },
  };
}
