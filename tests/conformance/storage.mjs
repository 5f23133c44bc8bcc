// Starts the emulators of queues and blobs, with the queue and the container of a deployment.

import { createHmac } from "node:crypto";

import { emulate } from "./programs.mjs";

const ACCOUNT = "conformance";
const KEY = Buffer.from("a key for loopback only").toString("base64");
const VERSION = "2026-04-06";

/** Starts both services, with the queue of runner requests and the container of claims. */
export async function startStorage() {
  const account = ["--account", ACCOUNT, "--key", KEY];
  const [queues, blobs] = await Promise.all([emulate("queue", ...account), emulate("blob", ...account)]);
  const signature = accountSas();
  const queue = `${queues.url}/${ACCOUNT}/runner-requests`;
  const state = `${blobs.url}/${ACCOUNT}/mayfly-state`;
  await send("PUT", `${queue}?${signature}`);
  await send("PUT", `${state}?restype=container&${signature}`);
  const messages = `${queue}/messages?${signature}`;
  return {
    queue: `${queue}?${signature}`,
    state: `${state}?${signature}`,
    /** Removes all messages from the queue and returns their contents. */
    async takeMessages() {
      const xml = await send("GET", `${messages}&peekonly=true&numofmessages=32`);
      await send("DELETE", messages);
      const texts = [...xml.matchAll(/<MessageText>([^<]*)<\/MessageText>/g)];
      return texts.map(([, text]) => JSON.parse(Buffer.from(text, "base64").toString()));
    },
    async end() {
      await queues.end();
      await blobs.end();
    },
  };
}

async function send(method, url) {
  const response = await fetch(url, { method, headers: { "x-ms-version": VERSION } });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return text;
}

/** Signs a SAS for all operations: https://learn.microsoft.com/rest/api/storageservices/create-account-sas */
function accountSas() {
  const [services, resources, permissions] = ["bq", "sco", "rwdlacup"];
  const expiry = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+/, "");
  const lines = [ACCOUNT, permissions, services, resources, "", expiry, "", "", VERSION, "", ""];
  const signature = createHmac("sha256", Buffer.from(KEY, "base64")).update(lines.join("\n"));
  const fields = {
    sv: VERSION,
    ss: services,
    srt: resources,
    sp: permissions,
    se: expiry,
    sig: signature.digest("base64"),
  };
  return new URLSearchParams(fields).toString();
}
