// Receives webhooks as a hook's address does, and keeps what came.

import { once } from "node:events";
import { createServer } from "node:http";

/** What has not come by then never will. */
const PATIENCE = 20_000;

/** Starts a receiver. */
export async function startReceiver() {
  const received = [];
  let look = () => {};
  const server = createServer(async (request, reply) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const { "x-github-event": event, "x-hub-signature-256": signature } = request.headers;
    received.push({ event, signature, body, payload: JSON.parse(body) });
    reply.end();
    look();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/hook`,
    received,
    /** Waits until what came is enough. */
    until(what, isEnough) {
      return new Promise((enough, inVain) => {
        const give = () => inVain(new Error(`${what} never came; what did: ${told(received)}`));
        const timer = setTimeout(give, PATIENCE);
        look = () => {
          if (!isEnough(received)) return;
          clearTimeout(timer);
          enough();
        };
        look();
      });
    },
    async end() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function told(received) {
  return received.map(({ event, payload }) => `${event} ${payload.action ?? ""}`).join(", ");
}
