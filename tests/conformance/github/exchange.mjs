// Stands between two parties over HTTP: hands requests on, sees each with its answer.

import { once } from "node:events";
import http from "node:http";

/**
 * Starts a server that hands every request on to where `target` says.
 *
 * `see` is given each exchange before its answer goes back, and may give another body; where it throws,
 * the connection breaks off.
 */
export async function startExchange({ target, see }) {
  const agent = new http.Agent({ keepAlive: false });
  const server = http.createServer(async (request, reply) => {
    try {
      const asked = { method: request.method, url: request.url, headers: { ...request.headers } };
      asked.body = await text(request);
      const answer = await handOn(asked, target(asked), agent);
      const body = see?.(asked, answer) ?? answer.body;
      const { "transfer-encoding": _, "content-length": __, ...headers } = answer.headers;
      reply.writeHead(answer.status, { ...headers, ...lengthOf(answer.status, body) });
      reply.end(body);
    } catch {
      // Whoever is asked broke off, so the caller finds the same.
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

/** Hands a request on unchanged, but for the host that it names. */
async function handOn({ method, url, headers, body }, target, agent) {
  const { host, connection, ...others } = headers;
  const request = http.request(new URL(url, target), { method, headers: others, agent });
  request.end(body);
  const [answer] = await once(request, "response");
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

async function text(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
