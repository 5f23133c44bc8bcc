// Receives webhooks and records them.

import { once } from "node:events";
import { createServer } from "node:http";

/** Milliseconds to wait for deliveries. */
const TIMEOUT = 20_000;

/** Starts a receiver. */
export async function startReceiver() {
  const received = [];
  let check = () => {};
  const server = createServer(async (request, reply) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const { "x-github-event": event, "x-hub-signature-256": signature } = request.headers;
    received.push({ event, signature, body, payload: JSON.parse(body) });
    reply.end();
    check();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/hook`,
    received,
    /** Waits until enough deliveries are received. */
    until(description, isEnough) {
      return new Promise((resolve, reject) => {
        const fail = () => reject(new Error(`${description} was not received, only: ${summary(received)}`));
        const timer = setTimeout(fail, TIMEOUT);
        check = () => {
          if (!isEnough(received)) return;
          clearTimeout(timer);
          resolve();
        };
        check();
      });
    },
    async end() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function summary(received) {
  return received.map(({ event, payload }) => `${event} ${payload.action ?? ""}`).join(", ");
}
