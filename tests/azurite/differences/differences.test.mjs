// Azurite and the storage emulators answer alike, except where a source says that Azurite is wrong.

import assert from "node:assert/strict";
import { test } from "node:test";

import { compareAll } from "./compare.mjs";
import { BODY_RULES, RULES } from "./known.mjs";

const matches = (pattern, text) => (pattern instanceof RegExp ? pattern.test(text) : pattern === text);

function ruleOf({ at, field, azurite, emulator }) {
  return RULES.find(
    (rule) =>
      matches(rule.at, at) &&
      matches(rule.field, field) &&
      matches(rule.azurite, azurite) &&
      matches(rule.emulator, emulator),
  );
}

test("each difference has a source, and each known difference is found", async (t) => {
  const used = new Set();
  const { steps, differences } = await compareAll((rule) => used.add(rule));
  const unknown = [];
  for (const difference of differences) {
    const rule = ruleOf(difference);
    if (rule) used.add(rule);
    else unknown.push(`${difference.at} ${difference.field}: ${difference.azurite} | ${difference.emulator}`);
  }
  const unused = [...RULES, ...BODY_RULES].filter((rule) => !used.has(rule)).map((rule) => rule.at ?? rule.remove);
  t.diagnostic(`${steps} requests to each; ${RULES.length + BODY_RULES.length} known kinds of differences`);
  assert.equal(unknown.join("\n"), "", "differences without a source");
  assert.equal(unused.join("\n"), "", "known differences that were not found");
});
