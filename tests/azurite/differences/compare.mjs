// Sends all groups to both services, and lists the fields in which their answers differ.

import { setTimeout as sleep } from "node:timers/promises";

import { describe, send } from "./exchange.mjs";
import { BODY_RULES } from "./known.mjs";
import { startAzurite, startEmulators } from "./services.mjs";
import { ACCESS } from "./steps/access.mjs";
import { BLOBS } from "./steps/blobs.mjs";
import { LEASES } from "./steps/leases.mjs";
import { QUEUES } from "./steps/queues.mjs";

const GROUPS = [...QUEUES, ...BLOBS, ...LEASES, ...ACCESS];
/** Longer than the shortest lease, which is 15 s. */
const EXPIRY = 15_200;
/** The steps that prepare a lease; those after them are sent when it has expired. */
const PREPARES = /-(put|set-\d)$|^create$/;

/** Returns the differences as { at, field, azurite, emulator }; `use` is called with each body rule that applied. */
export async function compareAll(use) {
  const services = await Promise.all([startAzurite(), startEmulators()]);
  try {
    const [azurite, emulator] = await Promise.all(services.map(runAll));
    const compare = (at) =>
      differences(at, common("azurite", azurite.get(at), use), common("emulator", emulator.get(at), use));
    return { steps: azurite.size, differences: [...azurite.keys()].flatMap(compare) };
  } finally {
    await Promise.all(services.map((service) => service.end()));
  }
}

/** Runs all groups; while leases expire, the groups that do not wait for them are run. */
async function runAll(service) {
  const runs = GROUPS.map((group) => new Run(service, group));
  const waiting = runs.filter((run) => run.waits);
  await Promise.all(waiting.map((run) => run.send(PREPARES)));
  const expired = sleep(EXPIRY);
  await Promise.all(runs.filter((run) => !run.waits).map((run) => run.send(/./)));
  await expired;
  await Promise.all(waiting.map((run) => run.send(/./)));
  return new Map(runs.flatMap((run) => run.described));
}

/** A group of steps, some of which have been sent. */
class Run {
  described = [];
  #answers = {};
  #service;
  #group;
  #left;

  constructor(service, group) {
    this.#service = service;
    this.#group = group;
    this.#left = [...group.steps];
  }

  get waits() {
    return this.#group.name.endsWith("-expired");
  }

  /** Sends the next steps as long as their names match. */
  async send(pattern) {
    while (this.#left.length > 0 && pattern.test(this.#left[0].name)) {
      const step = this.#left.shift();
      const answer = await send(this.#service, step, this.#answers);
      this.#answers[step.name] = answer;
      this.described.push([`${this.#group.name}/${step.name}`, describe(answer)]);
    }
  }
}

/** Removes from a body what only this service sends. */
function common(service, fields, use) {
  let { body } = fields;
  for (const rule of BODY_RULES.filter(({ of }) => of === service)) {
    const rest = body.replaceAll(rule.remove, "");
    if (rest !== body) use(rule);
    body = rest;
  }
  return { ...fields, body };
}

/** Lists the fields that differ. If the outcomes differ, the other fields do so for this reason. */
function differences(at, azurite, emulator) {
  const all = [...new Set([...Object.keys(azurite), ...Object.keys(emulator)])];
  const fields = azurite.outcome === emulator.outcome ? all : ["outcome"];
  return fields
    .filter((field) => azurite[field] !== emulator[field])
    .map((field) => ({ at, field, azurite: azurite[field] ?? "-", emulator: emulator[field] ?? "-" }));
}
