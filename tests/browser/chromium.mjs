// Opens the page in Debian's Chromium, and checks what must hold for any content.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { chromium } from "playwright-core";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** The rules of WCAG 2.2 AA, and those that are good practice. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** The widths and schemes in which each state is looked at. */
const VIEWS = [320, 1440].flatMap((width) => ["light", "dark"].map((scheme) => ({ width, scheme })));

/** Starts the browser of the machine, without its sandbox, which root and some kernels do not allow. */
export function startBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", chromiumSandbox: false });
}

/** Opens an address, and records what the page must not do: write to the console, or send a request to another host. */
export async function open(browser, address, { width = 1440, scheme = "light", report, script } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, locale: "en-GB", timezoneId: "UTC" });
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => faults.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (new URL(request.url()).host !== new URL(address).host && !request.url().startsWith("data:")) faults.push(`request: ${request.url()}`);
  });
  if (report) await page.route("**/api/Status", (route) => route.fulfill({ json: report }));
  if (script) await page.addInitScript(script);
  await page.goto(address);
  return Object.assign(page, { faults });
}

/** Waits until the page shows a report. */
export async function untilShown(page) {
  await page.locator("#report").waitFor();
  await page.locator("#report[aria-busy=false]").waitFor();
}

/** Reads the status again, and waits for it. */
export async function refresh(page) {
  const responded = page.waitForResponse((response) => response.url().endsWith("/api/Status"));
  await page.evaluate(() => document.getElementById("refresh").click());
  await responded;
  await page.locator("#report[aria-busy=false]").waitFor({ state: "attached" });
}

/** Checks that axe finds nothing, and that a narrow page does not scroll sideways. */
export async function checkAccess(page, what) {
  await page.evaluate(AXE);
  const found = await page.evaluate((rules) => window.axe.run({ runOnly: rules, resultTypes: ["violations"] }), RULES);
  const texts = found.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(({ html }) => html).join(" ")}`);
  assert.deepEqual(texts, [], what);
  const [all, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(all <= seen, `${what} scrolls sideways: ${all} of ${seen} pixels`);
}

/** Checks that the page wrote nothing to the console and sent nothing elsewhere; closes it. */
export async function close(page, allowed = []) {
  const faults = page.faults.filter((fault) => !allowed.some((one) => fault.includes(one)));
  await page.context().close();
  assert.deepEqual(faults, []);
}

/** Checks a state of the deployment in each width and scheme. */
export async function checkViews(browser, address, what, { prepare, ...options } = {}) {
  const page = await open(browser, address, options);
  await untilShown(page);
  await prepare?.(page);
  for (const { width, scheme } of VIEWS) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: scheme });
    await checkAccess(page, `${what}, ${width} px, ${scheme}`);
  }
  await close(page);
}
