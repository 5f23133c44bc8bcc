// Stands up the storage account: the emulators of queues and blobs, as a deployment fills them.

import { createHmac } from "node:crypto";

import { emulate } from "./programs.mjs";

const ACCOUNT = "conformance";
const KEY = Buffer.from("a key for loopback alone").toString("base64");
const VERSION = "2026-04-06";

/** Starts both services, with the queue of requests and the container of claims. */
export async function startStorage() {
  const of = ["--account", ACCOUNT, "--key", KEY];
  const [queues, blobs] = await Promise.all([emulate("queue", ...of), emulate("blob", ...of)]);
  const signature = accountSas();
  const queue = `${queues.url}/${ACCOUNT}/runner-requests`;
  const state = `${blobs.url}/${ACCOUNT}/mayfly-state`;
  await ask("PUT", `${queue}?${signature}`);
  await ask("PUT", `${state}?restype=container&${signature}`);
  const messages = `${queue}/messages?${signature}`;
  return {
    queue: `${queue}?${signature}`,
    state: `${state}?${signature}`,
    /** Takes all messages off the queue, and gives what they say. */
    async takeMessages() {
      const xml = await ask("GET", `${messages}&peekonly=true&numofmessages=32`);
      await ask("DELETE", messages);
      const texts = [...xml.matchAll(/<MessageText>([^<]*)<\/MessageText>/g)];
      return texts.map(([, text]) => JSON.parse(Buffer.from(text, "base64").toString()));
    },
    async end() {
      await queues.end();
      await blobs.end();
    },
  };
}

async function ask(method, url) {
  const answer = await fetch(url, { method, headers: { "x-ms-version": VERSION } });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return text;
}

/** Signs for everything: https://learn.microsoft.com/rest/api/storageservices/create-account-sas */
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
