// The page with all of its parts, and the picture of it in the documents.

import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";

import { checkAccess, checkViews, close, open, startBrowser, untilShown } from "./chromium.mjs";
import { ROOT } from "../conformance/programs.mjs";
import { AT, busyReport } from "./report.mjs";
import { startUp } from "./up.mjs";

const PICTURE = path.join(ROOT, "docs/images/status.png");
/** Seconds from the report to the picture. */
const AGE = 4;

let browser;
let up;

before(async () => {
  [browser, up] = await Promise.all([startBrowser(), startUp()]);
});

after(async () => {
  await browser?.close();
  await up?.end();
});

test("a busy deployment with a history", async () => {
  await checkViews(browser, up.page, "a busy deployment", {
    report: busyReport(),
    prepare: async (page) => {
      await page.getByText("The data as a table").click();
      await page.getByRole("button", { name: "Show all 50" }).click();
    },
  });
});

test("the chart has a title, a description and a table, for a day and a week", async () => {
  const page = await open(browser, up.page, { report: busyReport() });
  await untilShown(page);
  const chart = page.getByRole("img", { name: /Jobs and nodes over/ });
  assert.match(await chart.locator("title").textContent(), /24 hours/);
  assert.match(await chart.locator("desc").textContent(), /Nodes: at most \d+, \d+ at last/);
  await page.getByText("The data as a table").click();
  assert.ok((await page.locator("#load tbody tr").count()) >= 24);
  await page.getByLabel("7 days").check();
  assert.match(await chart.locator("title").textContent(), /7 days/);
  assert.ok(await page.locator("#load tbody tr").first().isVisible(), "the table stays open");
  await close(page);
});

test("a pool shows its nodes by state", async () => {
  const report = busyReport();
  report.pools[0] = { ...report.pools[0], nodes: 6, node_states: { idle: 0, startTaskFailed: 1, running: 5 } };
  const page = await open(browser, up.page, { report });
  await untilShown(page);
  assert.match(await page.locator("#pools").innerText(), /6 nodes \(5 running, 1 start task failed\), to be 9, at most 10/);
  await close(page);
});

test("links lead to GitHub's own pages of checked names only", async () => {
  const report = busyReport();
  const page = await open(browser, up.page, { report });
  await untilShown(page);
  const links = await page.locator("#report a[href^=https]").evaluateAll((all) => all.map((one) => one.href));
  assert.ok(links.length > 20);
  const allowed = /^https:\/\/github\.com\/octo\/[a-z]+(\/actions\/runs\/\d+\/job\/\d+)?$/;
  assert.deepEqual(links.filter((link) => !allowed.test(link)), []);
  const [first] = report.jobs;
  const repositories = ["octo/..", "octo", "octo/a/b", "octo/a?b", "//evil", "octo/<b>"].map((repository) => ({ jobs: [{ ...first, repository }] }));
  const addresses = ["javascript:alert(1)", "https://github.com@evil.example", "http://127.0.0.1:1", "", null].map((github) => ({ github }));
  for (const changes of [...repositories, ...addresses]) {
    await page.route("**/api/Status", (route) => route.fulfill({ json: busyReport({ ...changes, at: new Date().toISOString() }) }));
    // The cells of a job are made again only if it has changed.
    await page.reload();
    await untilShown(page);
    assert.equal(await page.locator("#waiting a").count(), 0, JSON.stringify(changes));
  }
  await close(page);
});

test("a pause and its end are confirmed and sent", async () => {
  const page = await open(browser, up.page, { report: busyReport() });
  const requests = [];
  await page.route("**/api/Operate", (route) => {
    requests.push(route.request().postDataJSON());
    return route.fulfill({ json: { operation: "pause", done: ["profile paused"], skipped: [] } });
  });
  await untilShown(page);
  await page.getByRole("button", { name: "Pause profile windows" }).click();
  await page.getByText("Running jobs continue").waitFor();
  await checkAccess(page, "the dialog of a pause");
  await page.keyboard.press("Enter");
  assert.deepEqual(requests, [], "a reason is required");
  await page.getByLabel(/^Why/).fill("quota");
  await page.keyboard.press("Enter");
  await page.getByRole("status").getByText("Pause profile windows: Profile paused.").waitFor();
  await page.getByRole("button", { name: "Resume profile ubuntu-2204" }).click();
  await page.getByRole("button", { name: "Resume the profile" }).click();
  await page.getByRole("status").getByText("Resume profile ubuntu-2204: Profile paused.").waitFor();
  assert.deepEqual(requests, [
    { operation: "pause", profile: "windows", why: "quota" },
    { operation: "resume", profile: "ubuntu-2204" },
  ]);
  await close(page);
});

test("parts that a deployment does not report are left out", async () => {
  const { history, paused, ...rest } = busyReport();
  const pools = rest.pools.map(({ profiles, maximum, evaluated_at, ...pool }) => pool);
  const page = await open(browser, up.page, { report: { ...rest, pools } });
  await untilShown(page);
  assert.equal(await page.getByRole("button", { name: /^Pause profile/ }).count(), 0);
  await close(page);
});

test("the picture in the documents is of this page", async () => {
  if (process.env.STATUS_IMAGE !== "write") return access(PICTURE);
  const page = await open(browser, up.page, { report: busyReport() });
  await page.clock.setFixedTime(Date.parse(AT) + AGE * 1000);
  await page.reload();
  await untilShown(page);
  // The address of a deployment, instead of this machine's.
  await page.evaluate(() => (document.getElementById("host").textContent = "mine.azurewebsites.net"));
  await page.evaluate(() => document.activeElement.blur());
  const height = await page.locator("#load-section").evaluate((section) => section.getBoundingClientRect().bottom + scrollY + 16);
  await page.screenshot({ path: PICTURE, fullPage: true, clip: { x: 0, y: 0, width: 1440, height } });
  return close(page);
});
