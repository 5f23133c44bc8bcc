// Sends the steps of a group to a service, and describes each answer in a form that two services can share.

import { request } from "node:http";

import { ACCOUNT } from "./services.mjs";
import { sharedKey } from "./signature.mjs";

export const VERSION = "2025-07-05";
/** Headers of the connection, and those that differ in each answer. */
const IGNORED = [
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "server",
  "transfer-encoding",
  "x-ms-error-code",
  "x-ms-request-id",
];

/** Sends a step; `answers` has those of the steps before it. */
export async function send(service, step, answers) {
  const method = step.target.split(" ", 1)[0];
  const target = fill(step.target.slice(method.length + 1), answers, encodeURIComponent);
  const url = new URL(`${service.urls[step.service]}/${ACCOUNT}${target}`);
  const given = Object.entries(step.headers ?? {}).map(([name, value]) => [name, fill(value, answers)]);
  const headers = {
    "x-ms-date": new Date().toUTCString(),
    "x-ms-version": VERSION,
    ...(step.chunked ? {} : { "content-length": String(Buffer.byteLength(step.body ?? "")) }),
    ...Object.fromEntries(given),
  };
  for (const name of Object.keys(headers)) if (headers[name] === "(none)") delete headers[name];
  const signed = url.searchParams.has("sig") || step.anonymous;
  if (!signed) headers.authorization = sharedKey(method, url, headers);
  return await exchange(url, method, headers, step);
}

function exchange(url, method, headers, step) {
  return new Promise((resolve) => {
    // An answer that breaks HTTP is described too: Azurite sends `Content-Length: NaN`.
    const reject = ({ code }) => resolve({ status: code, headers: {}, body: Buffer.alloc(0) });
    const sent = request(url, { method, headers, agent: false }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode: status, headers } = response;
        resolve({ status, headers, body: Buffer.concat(chunks) });
      });
    });
    sent.on("error", reject);
    sent.end(step.body);
  });
}

/** Replaces `$name:step` by a header of that step's answer, or by the text of an XML element. */
function fill(text, answers, encode = (value) => value) {
  return text.replaceAll(/\$([\w-]+):([\w-]+)/g, (_, name, step) => {
    const answer = answers[step];
    const element = () => answer.body.toString().match(new RegExp(`<${name}>([^<]*)<`))?.[1];
    return encode(answer?.headers[name.toLowerCase()] ?? element() ?? `(no ${name})`);
  });
}

/** Describes an answer: one value for each field that is compared. `outcome` is the status and an error's code. */
export function describe(answer) {
  const text = answer.body.toString("utf8").replace(/^\uFEFF/, "");
  const isXml = text.startsWith("<?xml");
  const code = answer.headers["x-ms-error-code"] ?? text.match(/<Code>(.*?)<\/Code>/)?.[1];
  const fields = {
    outcome: [answer.status, code].filter(Boolean).join(" "),
    framing: framing(answer),
    mark: isXml ? String(answer.body[0] === 0xef) : "-",
    body: isXml ? shape(text) : text.replaceAll(/[^\x20-\x7e]/g, "?"),
  };
  for (const [name, value] of Object.entries(answer.headers)) {
    if (!IGNORED.includes(name)) fields[name] = normalise(value, name);
  }
  return fields;
}

function framing({ headers }) {
  if (headers["transfer-encoding"]) return headers["transfer-encoding"];
  return headers["content-length"] === undefined ? "none" : "length";
}

/** Returns the elements of a document in their order, with the texts that do not differ in each answer. */
function shape(xml) {
  return xml
    .replace(/^<\?xml.*?\?>/, "")
    .replaceAll(/>\s+</g, "><")
    .trim()
    .replaceAll(/<(\w[\w-]*)><\/\1>/g, "<$1/>")
    .replaceAll(/<(Message|AuthenticationErrorDetail)>[^<]*</g, "<$1>…<")
    .replaceAll(/ServiceEndpoint="[^"]*"/g, 'ServiceEndpoint="…"')
    .replaceAll(/<([\w-]+)>([^<]+)</g, (_, name, text) => `<${name}>${normalise(text, name)}<`)
    .replaceAll(/(<(Properties|Logging)>)(.*?)(<\/\2>)/g, (_, start, name, inner, end) => start + sorted(inner) + end);
}

/** Sorts elements by name: no client depends on the order of properties. */
function sorted(elements) {
  return (elements.match(/<([\w-]+)(?:\/>|>.*?<\/\1>)/g) ?? []).sort().join("");
}

function normalise(value, name) {
  if (/^(x-ms-)?popreceipt$/i.test(name)) return "RECEIPT";
  if (name === "x-ms-lease-time") return value === "0" ? "0" : "SECONDS";
  return String(value)
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, "GUID")
    .replaceAll(/0x[0-9A-F]+/g, "ETAG")
    .replaceAll(/&quot;/g, '"')
    .replaceAll(/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, "DATE");
}
