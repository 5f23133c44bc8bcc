// The status page in Chromium, with a real deployment on this machine.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { checkAccess, checkViews, close, open, refresh, startBrowser, untilShown } from "./chromium.mjs";
import { startUp, startWeb } from "./up.mjs";

const UBUNTU = ["self-hosted", "ubuntu-latest"];
/** A label that no profile has: its jobs wait for good. */
const UNSERVED = ["self-hosted", "gpu"];
const MARKUP = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
const BIDI = "\u202Egnp.exe\u202C\u200B\u0007\u2066";

let browser;
let up;

before(async () => {
  [browser, up] = await Promise.all([startBrowser(), startUp()]);
});

after(async () => {
  await browser?.close();
  await up?.end();
});

test("the key leaves the address, and is kept for the tab", async () => {
  for (const address of [up.page, up.page.replace("StatusPage#", "Status?")]) {
    const page = await open(browser, address);
    await untilShown(page);
    assert.equal(page.url(), up.page.split("#")[0]);
    await page.reload();
    await untilShown(page);
    await page.goBack();
    assert.ok(!page.url().includes("code="), "the history has no key");
    await close(page);
  }
});

test("without jobs the page explains itself", async () => {
  const page = await open(browser, up.page);
  await untilShown(page);
  const text = await page.locator("main").innerText();
  for (const part of ["No job waits.", "No message has failed.", "ubuntu", "windows"]) assert.ok(text.includes(part), `${part}: ${text}`);
  await close(page);
  await checkViews(browser, up.page, "no jobs");
});

test("without a script the page names the command", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(up.page);
  assert.match(await page.locator("noscript").innerText(), /mayfly status/);
  await context.close();
});

test("a wrong key is forgotten, and the page asks again", async () => {
  const page = await open(browser, up.page.replace(/#.*/, "#code=wrong"));
  await page.getByRole("alert").getByText("The key was rejected").waitFor();
  await checkAccess(page, "the form for the key");
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await page.keyboard.type("with space");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("This is no key").waitFor();
  await page.locator("#key").fill(up.key);
  await page.keyboard.press("Enter");
  await untilShown(page);
  assert.equal(await page.getByRole("alert").innerText(), "");
  // The browser itself reports the response 401.
  await close(page, ["status of 401"]);
});

test("a key that expires while the page is open is requested once more", async () => {
  const page = await open(browser, up.page);
  await untilShown(page);
  await page.route("**/api/Status", (route) => route.fulfill({ status: 401, body: "" }));
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByRole("alert").getByText("The key was rejected").waitFor();
  assert.ok(await page.locator("#report").isHidden(), "no figures remain");
  assert.ok(await page.locator("#key").evaluate((input) => input === document.activeElement));
  await close(page, ["status of 401"]);
});

test("hostile names are shown as text", async () => {
  const many = Array.from({ length: 300 }, (_, index) => `label-${index}-${"x".repeat(60)}`);
  await up.queue({ labels: [...UNSERVED, MARKUP, BIDI, "שלום", "é".repeat(200)] });
  await up.queue({ repository: "octo/--.--", labels: [...UNSERVED, ...many] });
  await up.queue({ repository: `octo/${"n".repeat(100)}`, labels: UNSERVED, gate: "waiting_first" });
  await up.pass(11);
  const page = await open(browser, up.page);
  await untilShown(page);
  const text = await page.locator("#waiting").innerText();
  assert.ok(text.includes(MARKUP), text);
  assert.ok(text.includes("⟨U+202E⟩gnp.exe⟨U+202C⟩⟨U+200B⟩⟨U+0007⟩⟨U+2066⟩"), text);
  assert.equal(await page.title(), "Mayfly status");
  assert.equal(await page.locator("#waiting img, #waiting script").count(), 0);
  const more = page.getByText("more labels").first();
  assert.equal(await page.getByText("label-299-").isVisible(), false);
  await more.focus();
  await page.keyboard.press("Enter");
  await page.getByText("label-299-").waitFor();
  await refresh(page);
  assert.ok(await page.getByText("label-299-").isVisible(), "opened details stay open");
  await close(page);
  await checkViews(browser, up.page, "hostile names", { prepare: (page) => page.getByText("more labels").first().click() });
});

test("a replay is confirmed, done and announced", async () => {
  const job = await up.queue({ labels: UBUNTU, silent: true, runs_for_ms: 600_000 });
  await up.pass(11);
  const page = await open(browser, up.page);
  await untilShown(page);
  const replay = page.getByRole("button", { name: `Replay job ${job}` });
  await replay.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: `Replay job ${job}` });
  await dialog.getByText("requests a runner for it").waitFor();
  await checkAccess(page, "the dialog");
  await page.keyboard.press("Escape");
  assert.ok(await replay.evaluate((button) => button === document.activeElement), "the focus returns");
  await page.keyboard.press("Enter");
  const [request] = await Promise.all([page.waitForRequest("**/api/Operate"), page.keyboard.press("Enter")]);
  assert.deepEqual(request.postDataJSON(), { operation: "replay", job: { repository: "octo/app", id: job } });
  await page.getByRole("status").getByText(new RegExp(`Replay job ${job}: .*gh-${job}`)).waitFor();
  await close(page);
});

test("a profile is paused and resumed", async () => {
  const page = await open(browser, up.page);
  await untilShown(page);
  await page.getByRole("button", { name: "Pause profile windows", exact: true }).click();
  await page.getByLabel(/^Why/).fill("a new image");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Resume profile windows", exact: true }).waitFor();
  assert.match(await page.getByRole("status").innerText(), /^Pause profile windows: /);
  assert.match(await page.locator("#pools").innerText(), /windows\s+Paused[^]*a new image/);
  await checkAccess(page, "a paused profile");
  await page.getByRole("button", { name: "Resume profile windows", exact: true }).click();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Pause profile windows", exact: true }).waitFor();
  await close(page);
});

test("a refresh keeps the focus and announces what has changed", async () => {
  await up.pass(11);
  const page = await open(browser, up.page);
  await untilShown(page);
  const button = page.getByRole("button", { name: /^Replay job/ }).first();
  const name = await button.getAttribute("aria-label");
  await button.focus();
  await up.queue({ labels: UNSERVED });
  await up.pass(11);
  await refresh(page);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), name);
  assert.match(await page.getByRole("status").innerText(), /^1 job new/);
  await close(page);
});

test("by itself the page refreshes only if that is chosen", async () => {
  const page = await open(browser, up.page);
  await page.clock.install();
  await page.reload();
  await untilShown(page);
  let calls = 0;
  page.on("request", (request) => (calls += request.url().endsWith("/api/Status") ? 1 : 0));
  await page.clock.runFor(180_000);
  assert.equal(calls, 0);
  await page.getByLabel("Refresh by itself").selectOption("every 30 s");
  await page.clock.runFor(30_000);
  await page.waitForFunction(() => document.getElementById("report").getAttribute("aria-busy") === "false");
  assert.equal(calls, 1);
  await close(page);
});

test("everything is reached by the keyboard, visibly", async () => {
  const page = await open(browser, up.page);
  await untilShown(page);
  const wanted = await page.evaluate(() => {
    const all = document.querySelectorAll("a[href], button, select, input, summary");
    return [...all].filter((one) => one.checkVisibility() && !(one.type === "radio" && !one.checked)).length;
  });
  const seen = new Set();
  for (let index = 0; index < wanted + 5; index += 1) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(() => {
      const one = document.activeElement;
      const { width, height } = one.getBoundingClientRect();
      const position = [...document.querySelectorAll("*")].indexOf(one);
      return { tag: one.tagName, position, width, height, outline: getComputedStyle(one).outlineStyle };
    });
    if (focus.tag === "BODY") break;
    seen.add(focus.position);
    assert.notEqual(focus.outline, "none", JSON.stringify(focus));
    assert.ok(focus.height >= 16 && focus.width >= 16, JSON.stringify(focus));
  }
  assert.equal(seen.size, wanted);
  await close(page);
});

test("what could not be read is unknown, not absent", async () => {
  await up.breakDown("ListWorkflowRunsForRepo");
  await up.pass(11);
  await checkViews(browser, up.page, "unread parts", { prepare: (page) => page.getByText("jobs could not be read").first().waitFor() });
  await up.repair();
  await up.pass(11);
});

test("a failure leaves the last figures, with their age", async () => {
  const page = await open(browser, up.page);
  await untilShown(page);
  await page.route("**/api/Status", (route) => route.fulfill({ status: 503, json: { error: "list the tasks: Batch is down" } }));
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByRole("alert").getByText("List the tasks: Batch is down. The figures below are those of the last success.").waitFor();
  assert.ok(await page.locator("#report").isVisible());
  await checkAccess(page, "a failure");
  await close(page, ["status of 503"]);
});

test("the command serves the page without the deployment's key", async () => {
  const web = await startWeb(up);
  try {
    const page = await open(browser, web.page);
    await untilShown(page);
    assert.ok(!(await page.evaluate(() => sessionStorage.getItem("mayfly-key"))).includes(up.key));
    const replay = page.getByRole("button", { name: /^Replay job/ }).first();
    await replay.click();
    await page.getByRole("button", { name: "Replay the job" }).click();
    await page.getByRole("status").getByText(/^Replay job \d+: Skipped/).waitFor();
    await close(page);
  } finally {
    await web.end();
  }
});

test("500 waiting jobs", async () => {
  for (let round = 0; round < 5; round += 1) {
    const first = await up.queue({ labels: UNSERVED, silent: true });
    const { run } = (await up.jobs()).find((one) => one.job === first || one.id === first);
    await Promise.all(Array.from({ length: 99 }, () => up.queue({ labels: UNSERVED, silent: true, run })));
  }
  await up.pass(11);
  const page = await open(browser, up.page, { script: recordTimes });
  await untilShown(page);
  const { paint, rows, response, shown } = await page.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
    rows: document.querySelectorAll("#waiting tbody tr").length,
    response: performance.getEntriesByType("resource").find(({ name }) => name.endsWith("/api/Status")).responseEnd,
    shown: window.shown,
  }));
  assert.ok(rows >= 490, `${rows} rows`);
  const milliseconds = [paint, shown - response, shown].map(Math.round);
  console.log("first paint %d ms; %d jobs are shown %d ms after the response, %d ms after the start", milliseconds[0], rows, ...milliseconds.slice(1));
  await checkAccess(page, "500 jobs");
  await page.setViewportSize({ width: 320, height: 900 });
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
  await page.getByLabel("Filter").fill("no such job");
  await page.getByText("No waiting job matches the filter.").waitFor();
  await close(page);
});

/** Records when the first row was painted. */
function recordTimes() {
  const look = () => {
    if (document.querySelector("#waiting tbody tr")) requestAnimationFrame(() => setTimeout(() => (window.shown = performance.now())));
    else requestAnimationFrame(look);
  };
  look();
}
