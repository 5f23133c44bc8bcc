// Signs requests with Shared Key, and account SAS.
//
// https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
// https://learn.microsoft.com/rest/api/storageservices/create-account-sas

import { createHmac } from "node:crypto";

import { ACCOUNT, KEY } from "./services.mjs";

const SIGNED_HEADERS = [
  "content-encoding",
  "content-language",
  "content-length",
  "content-md5",
  "content-type",
  "date",
  "if-modified-since",
  "if-match",
  "if-none-match",
  "if-unmodified-since",
  "range",
];

/** Returns the value of Authorization for a request. */
export function sharedKey(method, url, headers) {
  const values = SIGNED_HEADERS.map((name) => {
    const value = headers[name] ?? "";
    return name === "content-length" && value === "0" ? "" : value;
  });
  const canonical = Object.keys(headers).filter((name) => name.startsWith("x-ms-")).sort();
  const lines = [
    method,
    ...values,
    ...canonical.map((name) => `${name}:${headers[name].trim()}`),
    `/${ACCOUNT}${url.pathname}`,
    ...parameters(url),
  ];
  return `SharedKey ${ACCOUNT}:${sign(lines.join("\n"))}`;
}

function parameters(url) {
  const names = [...new Set([...url.searchParams.keys()].map((name) => name.toLowerCase()))].sort();
  return names.map((name) => `${name}:${url.searchParams.getAll(name).sort().join(",")}`);
}

/** Returns the query of an account SAS; `fields` replaces some of its fields. */
export function accountSas(fields = {}) {
  const expiry = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+/, "");
  const sas = { sv: "2022-11-02", ss: "bq", srt: "sco", sp: "rwdlacup", se: expiry, ...fields };
  const lines = [ACCOUNT, sas.sp, sas.ss, sas.srt, sas.st, sas.se, sas.sip, sas.spr, sas.sv, "", ""];
  const query = new URLSearchParams(Object.entries(sas).filter(([, value]) => value !== undefined));
  if (!query.has("sig")) query.set("sig", sign(lines.map((line) => line ?? "").join("\n")));
  return query.toString();
}

function sign(text) {
  return createHmac("sha256", Buffer.from(KEY, "base64")).update(text, "utf8").digest("base64");
}
