// Versions, clocks, headers and signatures.

import { accountSas } from "../signature.mjs";
import { group, sends } from "./group.mjs";

const HOUR = 3_600_000;
const at = (offset) => new Date(Date.now() + offset).toISOString().replace(/\.\d+/, "");
const sas = (name, fields, target = "GET /signed/messages") => [
  name,
  `${target}?${accountSas(fields)}`,
];

export const ACCESS = [
  group("queue", "version", [
    ["create", "PUT /access"],
    ["newer", "GET /access?comp=metadata", sends({ "x-ms-version": "2099-01-01" })],
    ["text", "GET /access?comp=metadata", sends({ "x-ms-version": "banana" })],
    ["none", "GET /access?comp=metadata", sends({ "x-ms-version": "(none)" })],
    ["old", "GET /access?comp=metadata", sends({ "x-ms-version": "2015-04-05" })],
    ["request-id", "GET /access?comp=metadata", sends({ "x-ms-client-request-id": "a b" })],
    ["timeout-text", "GET /access?comp=metadata&timeout=abc"],
    ["anonymous", "GET /access?comp=metadata", { anonymous: true }],
    ["other-account", "GET /../other/access?comp=metadata"],
    ["old-date", "GET /access?comp=metadata", sends({ "x-ms-date": new Date(Date.now() - 24 * HOUR).toUTCString() })],
    ["no-date", "GET /access?comp=metadata", sends({ "x-ms-date": "(none)" })],
    ["wrong-key", "GET /access?comp=metadata", { headers: { authorization: "SharedKey mayflystorage:AAAA" }, anonymous: true }],
    ["post", "POST /access"],
  ]),
  group("queue", "sas", [
    ["create", "PUT /signed"],
    sas("full", {}),
    sas("expired", { se: at(-1000) }),
    sas("not-yet", { st: at(HOUR) }),
    sas("no-expiry", { se: "" }),
    sas("bad-expiry", { se: "tomorrow" }),
    sas("other-service", { ss: "b" }),
    sas("other-resource", { srt: "s" }),
    sas("other-permission", { sp: "r" }),
    sas("letters-in-any-order", { sp: "pucaldwr", srt: "ocs", ss: "qb" }),
    sas("https-only", { spr: "https" }),
    sas("own-address", { sip: "127.0.0.1" }),
    sas("other-address", { sip: "192.0.2.1" }),
    sas("tampered", { sig: "AAAA" }),
    sas("old-version", { sv: "2015-04-05" }),
  ]),
];
