// The texts of the page: pure functions, without a browser.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { ROOT } from "../conformance/programs.mjs";

const NAMES = ["visible", "duration", "isRepository", "githubAddress", "sentenceList", "money", "percentage"];
const source = await readFile(path.join(ROOT, "handler/src/status_page/text.js"), "utf8");
const module = `${source}\nexport { ${NAMES.join(", ")} };`;
const text = await import(`data:text/javascript,${encodeURIComponent(module)}`);

test("invisible characters are shown by their numbers", () => {
  for (const [given, shown] of [
    ["plain größe שלום 漢字", "plain größe שלום 漢字"],
    ["a\u202Eb\u2066c\u2069", "a⟨U+202E⟩b⟨U+2066⟩c⟨U+2069⟩"],
    ["a\u0000\u001B[31m\n\u007F\u0085", "a⟨U+0000⟩⟨U+001B⟩[31m⟨U+000A⟩⟨U+007F⟩⟨U+0085⟩"],
    ["zero\u200Bwidth\u200D\uFEFF\u00AD", "zero⟨U+200B⟩width⟨U+200D⟩⟨U+FEFF⟩⟨U+00AD⟩"],
    ["tag\u{E0041}\u3164\uE000\uFFFF", "tag⟨U+E0041⟩⟨U+3164⟩⟨U+E000⟩⟨U+FFFF⟩"],
    ["🛠️ build 👩‍💻", "🛠️ build 👩‍💻"],
    ["e\uFE0F", "e⟨U+FE0F⟩"],
    ["\uD800", "⟨U+D800⟩"],
  ]) assert.equal(text.visible(given), shown);
});

test("a duration has its two largest units", () => {
  for (const [seconds, shown] of [[-5, "0 s"], [59.4, "59 s"], [60, "1 min"], [3599, "59 min"], [3600, "1 h"], [5700, "1 h 35 min"], [187_200, "2 d 4 h"], [null, "–"], [NaN, "–"]]) {
    assert.equal(text.duration(seconds), shown);
  }
});

test("only the names and addresses of GitHub become links", () => {
  for (const name of ["octo/app", "a-b_c/-_.c", "o/.github"]) assert.ok(text.isRepository(name), name);
  for (const name of ["dev.azure.com/CI", "octo", "octo/..", "./x", "a/b/c", "a/b\n", "a/ü", "a//b", `${"a".repeat(101)}/b`]) assert.ok(!text.isRepository(name), name);
  assert.equal(text.githubAddress("https://octo.ghe.com/"), "https://octo.ghe.com");
  for (const address of [null, "", "github.com", "http://github.com", "javascript:alert(1)", "https://a@b", "https://a/?q", "https://a/#f"]) {
    assert.equal(text.githubAddress(address), null, address);
  }
});

test("unknown figures are dashes", () => {
  assert.deepEqual([text.money(null, "USD"), text.money(1234.5, "USD"), text.percentage(null), text.percentage(0.196)], ["–", "1,234.50 USD", "–", "20 %"]);
  assert.equal(text.sentenceList(["a", "b", "c"]), "a, b and c");
});
