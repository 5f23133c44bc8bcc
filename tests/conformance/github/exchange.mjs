// A proxy over HTTP that inspects each request with its response.

import { once } from "node:events";
import http from "node:http";

/**
 * Starts a proxy that forwards each request to the address that `target` returns.
 *
 * `inspect` gets each request and its response, and may return another body. If it throws, the proxy
 * closes the connection.
 */
export async function startExchange({ target, inspect }) {
  const agent = new http.Agent({ keepAlive: false });
  const server = http.createServer(async (request, reply) => {
    try {
      const received = { method: request.method, url: request.url, headers: { ...request.headers } };
      received.body = await text(request);
      const response = await forward(received, target(received), agent);
      const body = inspect?.(received, response) ?? response.body;
      const { "transfer-encoding": _, "content-length": __, ...headers } = response.headers;
      reply.writeHead(response.status, { ...headers, ...lengthOf(response.status, body) });
      reply.end(body);
    } catch {
      // The target closed the connection, so the proxy does the same.
      request.socket.destroy();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async end() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function lengthOf(status, body) {
  return status === 204 || status === 304 ? {} : { "content-length": Buffer.byteLength(body) };
}

/** Forwards a request unchanged except for its host. */
async function forward({ method, url, headers, body }, target, agent) {
  const { host, connection, ...others } = headers;
  const request = http.request(new URL(url, target), { method, headers: others, agent });
  request.end(body);
  const [response] = await once(request, "response");
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

async function text(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
