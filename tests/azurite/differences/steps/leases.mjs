// The actions on leases, and reads and writes of a leased blob or container.

import { BLOCK_BLOB, group, sends } from "./group.mjs";

const A = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
const B = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";
const C = "cccccccc-cccc-4ccc-8ccc-cccccccccccc";

/** Returns the headers of an action. */
const action = (name, { id, proposed, seconds, period } = {}) => {
  const headers = { "x-ms-lease-action": name };
  if (id !== undefined) headers["x-ms-lease-id"] = id;
  if (proposed !== undefined) headers["x-ms-proposed-lease-id"] = proposed;
  if (seconds !== undefined) headers["x-ms-lease-duration"] = String(seconds);
  if (period !== undefined) headers["x-ms-lease-break-period"] = String(period);
  return sends(headers);
};

/** The actions of the documented table, with the columns' lease id A. */
const ACTIONS = {
  "acquire-new": action("acquire", { seconds: -1 }),
  "acquire-a": action("acquire", { seconds: -1, proposed: A }),
  "acquire-b": action("acquire", { seconds: -1, proposed: B }),
  "break-0": action("break", { period: 0 }),
  "break-10": action("break", { period: 10 }),
  break: action("break"),
  "change-a-b": action("change", { id: A, proposed: B }),
  "change-b-a": action("change", { id: B, proposed: A }),
  "change-b-c": action("change", { id: B, proposed: C }),
  "release-a": action("release", { id: A }),
  "release-b": action("release", { id: B }),
  "renew-a": action("renew", { id: A }),
  "renew-b": action("renew", { id: B }),
};

/** The actions that bring a lease into each state; `expired` waits for the end of the lease. */
const STATES = {
  available: [],
  leased: [action("acquire", { seconds: 60, proposed: A })],
  infinite: [action("acquire", { seconds: -1, proposed: A })],
  breaking: [action("acquire", { seconds: 60, proposed: A }), action("break", { period: 60 })],
  broken: [action("acquire", { seconds: -1, proposed: A }), action("break", { period: 0 })],
  expired: [action("acquire", { seconds: 15, proposed: A })],
};

/** Reads and writes; each is sent without a lease, with A and with B. */
const USES = {
  get: ["GET", "", {}],
  head: ["HEAD", "", {}],
  metadata: ["PUT", "comp=metadata", {}],
  properties: ["PUT", "comp=properties", { "x-ms-blob-content-type": "text/plain" }],
  block: ["PUT", "comp=block&blockid=YTE%3D", {}],
  put: ["PUT", "", BLOCK_BLOB],
  "put-new": ["PUT", "", { ...BLOCK_BLOB, "if-none-match": "*" }],
  delete: ["DELETE", "", {}],
};

function steps(container, state, work) {
  const steps = [];
  for (const [name, targets] of work) {
    const target = `/${container}/${name}`;
    steps.push([`${name}-put`, `PUT ${target}`, sends(BLOCK_BLOB, "text")]);
    STATES[state].forEach((headers, index) => {
      steps.push([`${name}-set-${index}`, `PUT ${target}?comp=lease`, headers]);
    });
    steps.push(...targets(target));
  }
  // The whole group waits once, after all its blobs are leased.
  const last = ([name]) => !/-(put|set-\d)$/.test(name);
  return [...steps.filter((step) => !last(step)), ...steps.filter(last)];
}

const actionsIn = (state) =>
  group("blob", `lease-${state}`, [
    ["create", `PUT /lease-${state}?restype=container`],
    ...steps(
      `lease-${state}`,
      state,
      Object.entries(ACTIONS).map(([name, headers]) => [
        name,
        (target) => [
          [name, `PUT ${target}?comp=lease`, headers],
          [`${name}-then`, `HEAD ${target}`],
        ],
      ]),
    ),
  ]);

const usesIn = (state) =>
  group("blob", `use-${state}`, [
    ["create", `PUT /use-${state}?restype=container`],
    ...steps(
      `use-${state}`,
      state,
      Object.entries(USES).flatMap(([name, [method, query, headers]]) =>
        Object.entries({ none: {}, a: { "x-ms-lease-id": A }, b: { "x-ms-lease-id": B } }).map(
          ([lease, id]) => [
            `use-${name}-${lease}`,
            (target) => [
              [`${name}-${lease}`, `${method} ${target}${query && "?"}${query}`, sends({ ...headers, ...id })],
            ],
          ],
        ),
      ),
    ),
  ]);

const CONTAINER = [
  ["create", "PUT /leased?restype=container"],
  ["read-with-id", "HEAD /leased?restype=container", sends({ "x-ms-lease-id": A })],
  ["delete-with-id", "DELETE /leased?restype=container", sends({ "x-ms-lease-id": A })],
  ["renew-none", "PUT /leased?restype=container&comp=lease", ACTIONS["renew-a"]],
  ["acquire", "PUT /leased?restype=container&comp=lease", action("acquire", { seconds: 60, proposed: A })],
  ["acquire-other", "PUT /leased?restype=container&comp=lease", ACTIONS["acquire-b"]],
  ["head", "HEAD /leased?restype=container"],
  ["list", "GET /?comp=list&prefix=leased"],
  ["put-blob", "PUT /leased/blob", sends(BLOCK_BLOB, "text")],
  ["read-other", "GET /leased?restype=container", sends({ "x-ms-lease-id": B })],
  ["metadata-none", "PUT /leased?restype=container&comp=metadata", sends({ "x-ms-meta-a": "1" })],
  ["metadata-other", "PUT /leased?restype=container&comp=metadata", sends({ "x-ms-lease-id": B })],
  ["delete-none", "DELETE /leased?restype=container"],
  ["delete-other", "DELETE /leased?restype=container", sends({ "x-ms-lease-id": B })],
  ["change", "PUT /leased?restype=container&comp=lease", ACTIONS["change-a-b"]],
  ["break", "PUT /leased?restype=container&comp=lease", action("break", { period: 60 })],
  ["renew-breaking", "PUT /leased?restype=container&comp=lease", ACTIONS["renew-b"]],
  ["delete", "DELETE /leased?restype=container", sends({ "x-ms-lease-id": B })],
];

const INVALID = [
  ["create", "PUT /invalid?restype=container"],
  ["put", "PUT /invalid/blob", sends(BLOCK_BLOB, "text")],
  ["missing-blob", "PUT /invalid/absent?comp=lease", ACTIONS["acquire-a"]],
  ["no-action", "PUT /invalid/blob?comp=lease", sends({ "x-ms-lease-duration": "15" })],
  ["unknown-action", "PUT /invalid/blob?comp=lease", action("lend", { seconds: 15 })],
  ["no-duration", "PUT /invalid/blob?comp=lease", action("acquire")],
  ["duration-14", "PUT /invalid/blob?comp=lease", action("acquire", { seconds: 14 })],
  ["duration-61", "PUT /invalid/blob?comp=lease", action("acquire", { seconds: 61 })],
  ["proposed-text", "PUT /invalid/blob?comp=lease", action("acquire", { seconds: 15, proposed: "text" })],
  ["put-again", "PUT /invalid/again", sends(BLOCK_BLOB, "text")],
  ["renew-no-id", "PUT /invalid/blob?comp=lease", action("renew")],
  ["release-no-id", "PUT /invalid/blob?comp=lease", action("release")],
  ["acquire", "PUT /invalid/again?comp=lease", action("acquire", { seconds: -1, proposed: A })],
  ["change-no-proposed", "PUT /invalid/again?comp=lease", action("change", { id: A })],
  ["break-61", "PUT /invalid/again?comp=lease", action("break", { period: 61 })],
];

/** The lock of a timer or singleton, in the order of requests of the WebJobs SDK. */
const LOCK = "/azure-webjobs-hosts/locks/host/App.Timer.Listener";
const HOST = [
  ["acquire-first", `PUT ${LOCK}?comp=lease`, action("acquire", { seconds: 60, proposed: A })],
  ["create-early", `PUT ${LOCK}`, sends({ ...BLOCK_BLOB, "if-none-match": "*" })],
  ["container", "PUT /azure-webjobs-hosts?restype=container"],
  ["container-again", "PUT /azure-webjobs-hosts?restype=container"],
  ["create", `PUT ${LOCK}`, sends({ ...BLOCK_BLOB, "if-none-match": "*" })],
  ["acquire", `PUT ${LOCK}?comp=lease`, action("acquire", { seconds: 60, proposed: A })],
  ["read", `HEAD ${LOCK}`],
  ["owner", `PUT ${LOCK}?comp=metadata`, sends({ "x-ms-meta-functioninstance": "i1", "x-ms-lease-id": A })],
  ["other-acquires", `PUT ${LOCK}?comp=lease`, action("acquire", { seconds: 60, proposed: B })],
  ["other-reads", `HEAD ${LOCK}`],
  ["other-creates", `PUT ${LOCK}`, sends({ ...BLOCK_BLOB, "if-none-match": "*" })],
  ["renew", `PUT ${LOCK}?comp=lease`, ACTIONS["renew-a"]],
  ["status", "PUT /azure-webjobs-hosts/timers/host/App.Timer/status", sends(BLOCK_BLOB, "{}")],
  ["status-again", "PUT /azure-webjobs-hosts/timers/host/App.Timer/status", sends(BLOCK_BLOB, "{}")],
  ["list", "GET /azure-webjobs-hosts?restype=container&comp=list&prefix=locks/host/"],
  ["release", `PUT ${LOCK}?comp=lease`, ACTIONS["release-a"]],
  ["other-acquires-again", `PUT ${LOCK}?comp=lease`, action("acquire", { seconds: 60, proposed: B })],
];

export const LEASES = [
  ...Object.keys(STATES).map(actionsIn),
  ...Object.keys(STATES).map(usesIn),
  group("blob", "lease-container", CONTAINER),
  group("blob", "lease-invalid", INVALID),
  group("blob", "webjobs-host", HOST),
];
